// SPDX-License-Identifier: GPL-2.0-only
/* Parameters of vfio-pci that can be written; power_test has disable_idle_d3. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <unistd.h>

#include "edu.h"
#include "harness.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define INTX VFIO_PCI_INTX_IRQ_INDEX
#define NOINTXMASK "/sys/module/vfio_pci/parameters/nointxmask"

/* The command register as it is, not as the user is shown it. */
static unsigned int real_command(const char *bdf)
{
	unsigned short command;
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", bdf);
	fd = sys_open(path, O_RDONLY);
	ASSERT(pread(fd, &command, 2, PCI_COMMAND) == 2);
	sys_close(fd);
	return command;
}

/* Bind anew, take an interrupt, and see how it was masked. */
static unsigned int command_when_masked(const char *bdf, enum backend backend)
{
	struct edu *edu;
	int event = sys_eventfd();
	unsigned int command;
	int rc;

	pci_unbind(bdf);
	pci_bind(bdf);
	edu = edu_open(bdf, backend);
	rc = __vdev_irq_enable(edu->vdev, INTX, 0, &event, 1);
	if (rc == -EBUSY) {
		ASSERT_RC(__sys_write_file(NOINTXMASK, "N"), 0);
		SKIP("the interrupt line is shared");
	}
	ASSERT_RC(rc, 0);
	edu_raise(edu, 1);
	sys_eventfd_wait(event);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	command = real_command(bdf);
	edu_ack(edu, 1);
	vdev_intx_unmask(edu->vdev);
	edu_raise(edu, 2);
	sys_eventfd_wait(event);
	edu_ack(edu, 2);
	vdev_irq_disable(edu->vdev, INTX);
	edu_close_with_space(edu);
	return command;
}

TEST_OVER(nointxmask, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_EDU0);

	ASSERT(command_when_masked(bdf, backend) & PCI_COMMAND_INTX_DISABLE);
	ASSERT_RC(__sys_write_file(NOINTXMASK, "Y"), 0);
	ASSERT(!(command_when_masked(bdf, backend) & PCI_COMMAND_INTX_DISABLE));
	ASSERT_RC(__sys_write_file(NOINTXMASK, "N"), 0);
	ASSERT(command_when_masked(bdf, backend) & PCI_COMMAND_INTX_DISABLE);
}
