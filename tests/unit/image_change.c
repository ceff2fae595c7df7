/* SPDX-License-Identifier: Apache-2.0 */
#include "image/change.h"
#include "runtime/config/encode.h"
#include "tests/lib/test.h"

/* The config that comes of the texts, as JSON. */
static const char *changed(const char *const *texts, struct arena *mem)
{
	auto_(str) struct str text = {0};
	struct json_out out = {.s = &text};
	struct oci_process p = {0};
	struct err err = {0};

	for (size_t i = 0; texts[i]; i++)
		if (change_apply(texts[i], &p, mem, &err) < 0)
			return arena_str(mem, err.msg);
	encode_object(&oci_process_table, &p, &out, NULL);
	return arena_str(mem, text.p);
}
#define CHANGED(...) changed((const char *const[]){__VA_ARGS__, NULL}, &mem)

TEST(changes_are_carried_out)
{
	auto_(arena) struct arena mem = {0};

	CHECK_STR(CHANGED("CMD [\"a\", \"b c\"]"), "{\"Cmd\":[\"a\",\"b c\"]}");
	CHECK_STR(CHANGED("cmd echo  hi "), "{\"Cmd\":[\"/bin/sh\",\"-c\",\"echo  hi\"]}");
	CHECK_STR(CHANGED("CMD []"), "{\"Cmd\":[]}");
	CHECK_STR(CHANGED("ENTRYPOINT [\"x\"]", "USER 1:2", "STOPSIGNAL SIGQUIT"),
		  "{\"User\":\"1:2\",\"Entrypoint\":[\"x\"],\"StopSignal\":\"SIGQUIT\"}");
	CHECK_STR(CHANGED("ENV A=1 B=\"x y\"", "ENV A=2", "ENV C d  e", "ENV D='\\' E=\\\""),
		  "{\"Env\":[\"A=2\",\"B=x y\",\"C=d  e\",\"D=\\\\\",\"E=\\\"\"]}");
	CHECK_STR(CHANGED("LABEL a=1 b=2", "LABEL a=3"), "{\"Labels\":{\"a\":\"3\",\"b\":\"2\"}}");
	CHECK_STR(CHANGED("EXPOSE 80 53/udp", "EXPOSE 80/tcp"),
		  "{\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}}}");
	CHECK_STR(CHANGED("VOLUME /a /b", "VOLUME [\"/c\"]"),
		  "{\"Volumes\":{\"/a\":{},\"/b\":{},\"/c\":{}}}");
	CHECK_STR(CHANGED("WORKDIR /a", "WORKDIR b"), "{\"WorkingDir\":\"/a/b\"}");
	CHECK_STR(CHANGED("HEALTHCHECK CMD curl x"),
		  "{\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"curl x\"]}}");
	CHECK_STR(CHANGED("HEALTHCHECK none"), "{\"Healthcheck\":{\"Test\":[\"NONE\"]}}");
	CHECK_STR(CHANGED("ONBUILD RUN x", "ONBUILD COPY a b"),
		  "{\"OnBuild\":[\"RUN x\",\"COPY a b\"]}");
}

TEST(changes_that_are_none_are_refused)
{
	static const char *const wrong[] = {"",
					    "RUN x",
					    "CMD",
					    "ENV A=1 B",
					    "ENV =x",
					    "EXPOSE web",
					    "VOLUME a",
					    "ENV A=\"x",
					    "EXPOSE 80/x",
					    "HEALTHCHECK --interval=1s CMD x"};
	auto_(arena) struct arena mem = {0};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct oci_process p = {0};
		struct err err = {0};
		CHECK(change_apply(wrong[i], &p, &mem, &err) == -EINVAL);
	}
}
