/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "image/manifest.h"
#include "tests/lib/test.h"

#define D "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define CONFIG "\"config\":{\"mediaType\":\"" MEDIA_CONFIG "\",\"digest\":\"" D "\",\"size\":2}"
#define LAYER(type) "{\"mediaType\":\"" type "\",\"digest\":\"" D "\",\"size\":3}"
#define LAYERS "\"layers\":[" LAYER(MEDIA_LAYER "+gzip") "]"
#define ENTRY(platform)                                                                            \
	"{\"mediaType\":\"" MEDIA_MANIFEST "\",\"digest\":\"" D "\",\"size\":3" platform "}"
#define P(os, arch, more) ",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" arch "\"" more "}"

static int decode(const char *text, const char *type, struct arena *mem, struct oci **ret,
		  struct err *err)
{
	return manifest_decode(text, strlen(text), type, mem, ret, err);
}

TEST(manifests_of_both_families_are_read)
{
	static const char *const rows[][2] = {
		{"{\"schemaVersion\":2," CONFIG "," LAYERS "}", NULL},
		{"{\"schemaVersion\":2," CONFIG "," LAYERS "}", MEDIA_MANIFEST},
		{"{\"schemaVersion\":2," CONFIG "," LAYERS "}", MEDIA_DOCKER_MANIFEST},
		{"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_DOCKER_MANIFEST "\"," CONFIG
		 ",\"layers\":[" LAYER("application/vnd.docker.image.rootfs.diff.tar.gzip") "]}",
		 MEDIA_DOCKER_MANIFEST},
		{"{\"schemaVersion\":2,\"manifests\":[" ENTRY("") "]}", MEDIA_INDEX},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena mem = {0};
		struct err err = {0};
		struct oci *doc = NULL;
		if (!CHECK_INT(decode(rows[i][0], rows[i][1], &mem, &doc, &err), 0))
			CHECK_STR(err.msg, "");
	}
}

/* CVE-2021-41190 and its kin: what is read must be what was meant. */
TEST(ambiguous_documents_are_refused)
{
	static const char *const rows[][3] = {
		{"{\"schemaVersion\":2," CONFIG "," LAYERS ",\"manifests\":[]}", NULL, "at once"},
		{"{\"schemaVersion\":2,\"manifests\":[]," CONFIG "}", NULL, "at once"},
		{"{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}", NULL, "at once"},
		{"{\"schemaVersion\":2," CONFIG "}", NULL, "neither"},
		{"{\"schemaVersion\":2}", NULL, "neither"},
		{"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_INDEX "\"," CONFIG "," LAYERS "}",
		 NULL, "calls itself"},
		{"{\"schemaVersion\":2," CONFIG "," LAYERS "}", MEDIA_INDEX, "came as"},
		{"{\"schemaVersion\":2,\"manifests\":[]}", MEDIA_MANIFEST, "came as"},
		{"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_MANIFEST "\"," CONFIG "," LAYERS "}",
		 MEDIA_DOCKER_MANIFEST, "came as"},
		{"{\"schemaVersion\":2,\"schemaVersion\":2," CONFIG "," LAYERS "}", NULL,
		 "schemaVersion"},
		{"{\"schemaVersion\":2," CONFIG "," LAYERS "," LAYERS "}", NULL, "layers"},
		{"{\"schemaVersion\":1,\"fsLayers\":[{\"blobSum\":\"x\"}]}", NULL, "schema 1"},
		{"{\"schemaVersion\":3," CONFIG "," LAYERS "}", NULL, "expected 2"},
		{"{" CONFIG "," LAYERS "}", NULL, "schemaVersion"},
		{"{\"schemaVersion\":2," CONFIG ",\"layers\":[" LAYER("text/x") "]}", NULL,
		 "unknown media type"},
		{"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/vnd.cncf.helm\","
		 "\"digest\":\"" D "\",\"size\":2}," LAYERS "}",
		 NULL, "not an image"},
		{"{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"mediaType\":\"" MEDIA_LAYER
		 "\",\"digest\":\"sha256:../../x\",\"size\":1}]}",
		 NULL, "no digest"},
		{"{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"mediaType\":\"" MEDIA_LAYER
		 "\",\"digest\":\"" D "\",\"size\":-1}]}",
		 NULL, "size"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena mem = {0};
		struct err err = {0};
		struct oci *doc = NULL;
		CHECK(decode(rows[i][0], rows[i][1], &mem, &doc, &err) < 0);
		if (!CHECK(strstr(err.msg, rows[i][2]) != NULL))
			CHECK_STR(err.msg, rows[i][2]);
		CHECK(doc == NULL);
	}
}

static int choose(const char *entries, const char *want)
{
	auto_(arena) struct arena mem = {0};
	struct platform p;
	struct err err = {0};
	struct oci *doc = NULL;
	const char *text = arena_printf(&mem, "{\"schemaVersion\":2,\"manifests\":[%s]}", entries);

	if (decode(text, NULL, &mem, &doc, &err) < 0 || platform_parse(want, &mem, &p, &err) < 0)
		return -EINVAL;
	return platform_choose(doc, &p, &err);
}

TEST(the_platform_decides)
{
	static const char both[] =
		ENTRY(P("linux", "arm64", "")) "," ENTRY(P("linux", "amd64", ""));
	static const char attested[] =
		ENTRY(P("unknown", "unknown", "")) "," ENTRY(P("linux", "amd64", ""));
	static const char arms[] = ENTRY(P("linux", "arm", ",\"variant\":\"v5\"")) "," ENTRY(
		P("linux", "arm", ",\"variant\":\"v7\"")) "," ENTRY(P("linux", "arm",
								      ",\"variant\":\"v6\""));
	static const char levels[] = ENTRY(P("linux", "amd64", ",\"variant\":\"v3\"")) "," ENTRY(
		P("linux", "amd64", ""));

	CHECK_INT(choose(both, "linux/amd64"), 1);
	CHECK_INT(choose(both, "arm64"), 0);
	CHECK_INT(choose(both, "linux/arm64/v8"), 0);
	CHECK_INT(choose(both, "linux/s390x"), -ENOENT);
	CHECK_INT(choose(both, "windows/amd64"), -ENOENT);
	CHECK_INT(choose(attested, "linux/amd64"), 1);
	CHECK_INT(choose(arms, "linux/arm/v7"), 1);
	CHECK_INT(choose(arms, "linux/arm/v6"), 2);
	CHECK_INT(choose(levels, "linux/amd64"), 1);
	CHECK_INT(choose(levels, "linux/amd64/v3"), 0);
	CHECK_INT(choose(ENTRY(""), "linux/amd64"), 0);
	CHECK_INT(choose("", "linux/amd64"), -ENOENT);
	CHECK_INT(choose(both, "linux/"), -EINVAL);
}

TEST(a_config_must_fit_its_manifest)
{
	static const char text[] =
		"{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Env\":null,\"Cmd\":["
		"\"sh\"],\"Volumes\":{\"/v\":{}},\"Labels\":{\"a\":\"b\"}},\"rootfs\":{\"type\":"
		"\"layers\",\"diff_ids\":[\"" D "\"]}}";
	auto_(arena) struct arena mem = {0};
	struct oci_image *c = NULL;
	struct err err = {0};

	CHECK(image_config_decode(text, strlen(text), 2, &mem, &c, &err) < 0);
	CHECK(image_config_decode("{}", 2, 0, &mem, &c, &err) < 0);
	CHECK_INT(image_config_decode(text, strlen(text), 1, &mem, &c, &err), 0);
	MUST(c);
	CHECK_STR(c->config->cmd[0], "sh");
	CHECK_INT((long long)c->config->n_env, 0);
}
