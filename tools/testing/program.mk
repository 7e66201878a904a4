# SPDX-License-Identifier: GPL-2.0-only
# Builds $(PROGRAM) from all *.c of the directory that includes this file and from
# the library of the selftests.

TOPDIR := ../../..
LIBDIR := ../selftests/lib
CFLAGS ?= -O2 -g
override CFLAGS += -std=gnu11 -Wall -Wextra -Werror -Wno-missing-field-initializers \
	-D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I$(TOPDIR)/include/uapi -I$(LIBDIR)

SOURCES := $(wildcard *.c)
HEADERS := $(wildcard *.h) $(wildcard $(LIBDIR)/*.h) \
	$(addprefix $(TOPDIR)/include/uapi/linux/,iommufd.h vfio.h) $(TOPDIR)/compat/changes.h

all: $(PROGRAM)

$(LIBDIR)/lib.a: $(wildcard $(LIBDIR)/*.[ch])
	$(MAKE) -C ../selftests lib/lib.a

$(PROGRAM): $(SOURCES) $(HEADERS) $(LIBDIR)/lib.a Makefile ../program.mk
	$(CC) $(CFLAGS) -static -o $@ $(SOURCES) $(LIBDIR)/lib.a

clean:
	$(RM) $(PROGRAM)

.PHONY: all clean
