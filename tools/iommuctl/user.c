// SPDX-License-Identifier: GPL-2.0-only
/* Users of the machine: from the name service, or from files below --root. */
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "proc.h"
#include "root.h"
#include "text.h"

/* Split a line of passwd or group; return the number of fields. */
static size_t user_fields(char *line, char **fields, size_t max)
{
	size_t nr = 0;

	while (nr < max && (fields[nr] = strsep(&line, ":")))
		nr++;
	return nr;
}

/* Find the line of a name or, if @name is NULL, of an ID. */
static bool user_find_line(struct pool *pool, const char *file,
			   const char *name, unsigned int id, char *fields[4])
{
	char *text, *line;
	uint64_t number;
	size_t len;

	text = root_bytes(pool, &len, "etc/%s", file);
	while ((line = strsep(&text, "\n"))) {
		if (user_fields(line, fields, 4) < 4 ||
		    !text_number(fields[2], 10, UINT32_MAX, &number))
			continue;
		if (name ? !strcmp(fields[0], name) : number == id)
			return true;
	}
	return false;
}

bool proc_find_user(struct pool *pool, const char *name, unsigned int *uid,
		    unsigned int *gid)
{
	char *fields[4];
	struct passwd *entry;
	uint64_t number;

	if (root_is_machine()) {
		entry = getpwnam(name);
		if (!entry)
			return false;
		*uid = entry->pw_uid;
		*gid = entry->pw_gid;
		return true;
	}
	if (!user_find_line(pool, "passwd", name, 0, fields) ||
	    !text_number(fields[3], 10, UINT32_MAX, &number))
		return false;
	*gid = number;
	text_number(fields[2], 10, UINT32_MAX, &number);
	*uid = number;
	return true;
}

char *proc_user_name(struct pool *pool, unsigned int uid)
{
	struct passwd *entry = root_is_machine() ? getpwuid(uid) : NULL;
	char *fields[4];
	const char *name = NULL;

	if (entry)
		name = entry->pw_name;
	else if (!root_is_machine() &&
		 user_find_line(pool, "passwd", NULL, uid, fields))
		name = fields[0];
	return name ? text_clean(pool, name, strlen(name)) :
		      pool_printf(pool, "%u", uid);
}

bool proc_user_in_group(struct pool *pool, const char *name, unsigned int gid)
{
	char *fields[4], *member, **members;
	struct group *entry;

	if (root_is_machine()) {
		entry = getgrgid(gid);
		for (members = entry ? entry->gr_mem : NULL;
		     members && *members; members++) {
			if (!strcmp(*members, name))
				return true;
		}
		return false;
	}
	if (!user_find_line(pool, "group", NULL, gid, fields))
		return false;
	while ((member = strsep(&fields[3], ","))) {
		if (!strcmp(member, name))
			return true;
	}
	return false;
}
