/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of `ctr state` and `ctr list`. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "runtime/base/fd.h"
#include "runtime/base/json.h"
#include "runtime/lifecycle.h"
#include "runtime/state.h"

/* No NSS module is loaded by a runtime. */
void ctr_owner_name(uint32_t uid, char *buf, size_t size)
{
	auto_(str) struct str text = {0};
	unsigned long id;

	snprintf(buf, size, "%u", uid);
	if (fd_read_file(AT_FDCWD, "/etc/passwd", 1 << 20, &text) < 0 || !text.p)
		return;
	for (char *save = NULL, *line = strtok_r(text.p, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char name[64];
		if (sscanf(line, "%63[^:]:%*[^:]:%lu:", name, &id) == 2 && id == uid) {
			snprintf(buf, size, "%s", name);
			return;
		}
	}
}

int ctr_state_json(const struct container *c, bool with_owner_name, bool pretty, struct str *ret,
		   struct err *err)
{
	struct json_out o = {.s = ret, .indent = pretty ? "  " : NULL};
	const struct state *s = c->state;
	char owner[64] = "";

	if (!s)
		return err_say(err, ENOENT, "container %s was not created completely", c->id);
	enum container_status status = container_status(c);
	json_open(&o, NULL, '{');
	json_text(&o, "ociVersion", s->oci_version);
	json_text(&o, "id", s->id);
	json_int(&o, "pid", status == STATUS_STOPPED || status == STATUS_CREATING ? 0 : c->pid);
	json_text(&o, "status", container_status_word(status));
	json_text(&o, "bundle", s->bundle);
	json_text(&o, "rootfs", s->rootfs);
	json_text(&o, "created", s->created);
	if (s->n_annotations) {
		json_open(&o, "annotations", '{');
		for (size_t i = 0; i < s->n_annotations; i++)
			json_text(&o, s->annotations[i].key, s->annotations[i].value);
		json_close(&o, '}');
	}
	if (with_owner_name)
		ctr_owner_name(s->uid, owner, sizeof(owner));
	json_text(&o, "owner", owner);
	json_close(&o, '}');
	return 0;
}
