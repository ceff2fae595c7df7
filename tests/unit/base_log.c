/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/log.h"
#include "tests/lib/test.h"

/* What a line of the log is, its time replaced by "T". Static storage. */
static const char *logged(int fd)
{
	static char text[2048];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = 0;
	char *time = strstr(text, "20");
	if (time && time[10] == 'T') {
		*time = 'T';
		memmove(time + 1, time + 20, strlen(time + 20) + 1);
	}
	return text;
}

TEST(log_lines_are_those_of_other_runtimes)
{
	int pipes[2];

	MUST(pipe2(pipes, O_CLOEXEC) == 0);
	CHECK(!log_wants(LOG_LEVEL_ERROR));
	log_warning("to nobody");
	log_to(pipes[1], false, LOG_LEVEL_WARNING);
	CHECK(log_wants(LOG_LEVEL_WARNING) && !log_wants(LOG_LEVEL_DEBUG));
	log_debug("not now");
	log_warning("two %s", "words");
	CHECK_STR(logged(pipes[0]), "time=\"T\" level=warning msg=\"two words\"\n");
	log_line(LOG_LEVEL_ERROR, "one");
	CHECK_STR(logged(pipes[0]), "time=\"T\" level=error msg=one\n");
	log_line(LOG_LEVEL_ERROR, "%s", "");
	CHECK_STR(logged(pipes[0]), "time=\"T\" level=error msg=\"\"\n");
	log_to(pipes[1], true, LOG_LEVEL_DEBUG);
	log_debug("a \"b\"\n");
	CHECK_STR(logged(pipes[0]),
		  "{\"level\":\"debug\",\"msg\":\"a \\\"b\\\"\\n\",\"time\":\"T\"}\n");
	log_to(-1, false, LOG_LEVEL_WARNING);
	close(pipes[0]);
	close(pipes[1]);
}
