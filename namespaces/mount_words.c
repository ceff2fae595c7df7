/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "namespaces/mount_words.h"
#include "runtime/base/auto.h"
#include "runtime/base/sys.h"

enum kind {
	NOTHING,     /* understood, and no longer of any effect */
	ATTR,        /* a = attributes to set, b = to clear */
	SUPER,       /* a flag of the super block: handed on by its name */
	PROPAGATION, /* a = MS_* */
	BIND,
	IDMAP,
	SWITCH, /* a = where the bool is */
};

struct row {
	/* Words that also have a recursive form are listed as that form: with an "r" in front. */
	const char *word;
	enum kind kind;
	bool has_recursive;
	uint64_t a, b;
};

/* clang-format off */
#define SWITCH_AT(member) SWITCH, false, offsetof(struct mount_words, member), 0

/* In the order of the specification's list, within each group. */
static const struct row rows[] = {
	{"rro",           ATTR, true, MOUNT_ATTR_RDONLY, 0},
	{"rrw",           ATTR, true, 0, MOUNT_ATTR_RDONLY},
	{"rnosuid",       ATTR, true, MOUNT_ATTR_NOSUID, 0},
	{"rsuid",         ATTR, true, 0, MOUNT_ATTR_NOSUID},
	{"rnodev",        ATTR, true, MOUNT_ATTR_NODEV, 0},
	{"rdev",          ATTR, true, 0, MOUNT_ATTR_NODEV},
	{"rnoexec",       ATTR, true, MOUNT_ATTR_NOEXEC, 0},
	{"rexec",         ATTR, true, 0, MOUNT_ATTR_NOEXEC},
	{"rnodiratime",   ATTR, true, MOUNT_ATTR_NODIRATIME, 0},
	{"rdiratime",     ATTR, true, 0, MOUNT_ATTR_NODIRATIME},
	{"rnosymfollow",  ATTR, true, MOUNT_ATTR_NOSYMFOLLOW, 0},
	{"rsymfollow",    ATTR, true, 0, MOUNT_ATTR_NOSYMFOLLOW},
	/* One field of three values; relatime, the kernel's default, is the zero among them. */
	{"rnoatime",      ATTR, true, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
	{"ratime",        ATTR, true, 0, MOUNT_ATTR_NOATIME},
	{"rstrictatime",  ATTR, true, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
	{"rnostrictatime", ATTR, true, 0, MOUNT_ATTR_STRICTATIME},
	{"rrelatime",     ATTR, true, MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
	{"rnorelatime",   ATTR, true, 0, MOUNT_ATTR_RELATIME},

	{"rprivate",      PROPAGATION, true, MS_PRIVATE, 0},
	{"rslave",        PROPAGATION, true, MS_SLAVE, 0},
	{"rshared",       PROPAGATION, true, MS_SHARED, 0},
	{"runbindable",   PROPAGATION, true, MS_UNBINDABLE, 0},
	{"rbind",         BIND, true, 0, 0},
	{"ridmap",        IDMAP, true, 0, 0},

	{"sync",          SUPER, false, 0, 0},
	{"async",         SUPER, false, 0, 0},
	{"dirsync",       SUPER, false, 0, 0},
	{"mand",          SUPER, false, 0, 0},
	{"nomand",        SUPER, false, 0, 0},
	{"lazytime",      SUPER, false, 0, 0},
	{"nolazytime",    SUPER, false, 0, 0},

	{"remount",       SWITCH_AT(remount)},
	{"tmpcopyup",     SWITCH_AT(copy_up)},
	{"ctr-seed",      SWITCH_AT(seed)},
	{"ctr-secrets",   SWITCH_AT(secrets)},
	{"copy-symlink",  SWITCH_AT(copy_symlink)},
	{"src-nofollow",  SWITCH_AT(source_nofollow)},
	{"dest-nofollow", SWITCH_AT(dest_nofollow)},

	{"defaults",      NOTHING, false, 0, 0},
	/* fsconfig(2) has neither: file systems decide on i_version themselves since Linux 5.17, and
	 * messages go to the file system context instead of the log. */
	{"iversion",      NOTHING, false, 0, 0},
	{"noiversion",    NOTHING, false, 0, 0},
	{"silent",        NOTHING, false, 0, 0},
	{"loud",          NOTHING, false, 0, 0},
};
/* clang-format on */

enum { N_ROWS = sizeof(rows) / sizeof(*rows) };

const char *mount_word(size_t i)
{
	for (size_t row = 0; row < N_ROWS; row++) {
		if (i == 0)
			return rows[row].word;
		i--;
		if (!rows[row].has_recursive)
			continue;
		if (i == 0)
			return rows[row].word + 1;
		i--;
	}
	return NULL;
}

static const struct row *find(const char *word, enum mount_depth *depth)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		*depth = rows[i].has_recursive ? MOUNT_ALL : MOUNT_ONE;
		if (str_eq(rows[i].word, word))
			return &rows[i];
		*depth = MOUNT_ONE;
		if (rows[i].has_recursive && str_eq(rows[i].word + 1, word))
			return &rows[i];
	}
	return NULL;
}

/* The kernel refuses a change of access times that does not clear the whole field
 * (mount_setattr(2)). */
static void apply_attr(struct mount_flags *f, const struct row *row)
{
	f->set = (f->set & ~row->b) | row->a;
	f->clr = (f->clr | row->b) & ~(row->a & ~(uint64_t)MOUNT_ATTR__ATIME);
	if (f->clr & MOUNT_ATTR__ATIME)
		f->clr |= MOUNT_ATTR__ATIME;
}

static int add_propagation(struct mount_words *m, uint32_t type, enum mount_depth depth,
			   struct err *err)
{
	if (m->n_propagation == MOUNT_PROPAGATIONS_MAX)
		return err_say(err, EINVAL, "more than %d changes of the propagation",
			       MOUNT_PROPAGATIONS_MAX);
	m->propagation[m->n_propagation].type = type;
	m->propagation[m->n_propagation++].depth = depth;
	return 0;
}

static void add_flag(struct str *s, const char *key)
{
	str_add_mem(s, key, strlen(key) + 1);
	str_add_char(s, 0);
}

static int apply(struct mount_words *m, const struct row *row, enum mount_depth depth,
		 struct err *err)
{
	switch (row->kind) {
	case NOTHING:
		break;
	case ATTR:
		apply_attr(depth == MOUNT_ALL ? &m->attr_all : &m->attr, row);
		break;
	case SUPER:
		add_flag(&m->super, row->word);
		break;
	case PROPAGATION:
		return add_propagation(m, (uint32_t)row->a, depth, err);
	case BIND:
		m->bind = depth;
		break;
	case IDMAP:
		m->idmap = depth;
		break;
	case SWITCH:
		*(bool *)((char *)m + row->a) = true;
		break;
	}
	return 0;
}

static bool apply_idmap(struct mount_words *m, const char *word)
{
	bool is_recursive = str_starts(word, "ridmap=");

	if (!is_recursive && !str_starts(word, "idmap="))
		return false;
	m->idmap = is_recursive ? MOUNT_ALL : MOUNT_ONE;
	m->id_maps = strchr(word, '=') + 1;
	return true;
}

/* mount(2) had file systems and SELinux take these apart; fsconfig(2) wants them in pieces. Quotes
 * keep commas together (context="u:r:t:s0:c1,c2"), and a backslash does (overlay's paths). */
static int add_data(struct str *data, const char *word, struct err *err)
{
	auto_(str) struct str one = {0};
	bool is_quoted = false, is_value = false;

	for (const char *p = word;; p++) {
		bool is_end = *p == 0 || (*p == ',' && !is_quoted);
		if (is_end && one.len) {
			str_add_mem(data, one.p, one.len + 1);
			if (!is_value)
				str_add_char(data, 0);
			str_clear(&one);
			is_value = false;
		}
		if (*p == 0)
			return 0;
		if (*p == '=' && !is_value) {
			if (!one.len)
				return err_say(err, EINVAL, "\"%s\" has a value without a key",
					       word);
			is_value = true;
			str_add_char(&one, 0);
		} else if (*p == '"' && is_value) {
			is_quoted = !is_quoted;
		} else if (*p == '\\' && p[1] == ',') {
			str_add_char(&one, *++p);
		} else if (!is_end) {
			str_add_char(&one, *p);
		}
	}
}

int mount_words_read(const char *const *words, size_t n, struct mount_words *ret, struct err *err)
{
	auto_(mount_words) struct mount_words m = {0};

	for (size_t i = 0; i < n; i++) {
		enum mount_depth depth = MOUNT_NOT;
		const struct row *row = find(words[i], &depth);
		int r = 0;

		if (row)
			r = apply(&m, row, depth, err);
		else if (!apply_idmap(&m, words[i]))
			r = add_data(&m.data, words[i], err);
		if (r < 0)
			return r;
	}
	*ret = m;
	m = (struct mount_words){0};
	return 0;
}

void mount_words_clear(struct mount_words *m)
{
	str_clear(&m->super);
	str_clear(&m->data);
	*m = (struct mount_words){0};
}
