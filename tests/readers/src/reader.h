/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reader.h - what the adapters in C and C++ share: where a message's files and names
 * go. read_message is the library's part.
 */
#ifndef READER_H
#define READER_H
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static FILE *names_file;
static char files_dir[4096];
static int n_files;

static void read_message(const char *path, const char *bytes, size_t len);

__attribute__((unused)) static void
put_name(const char *name)
{
	if (name == NULL || *name == '\0')
		return;
	for (; *name != '\0'; name++)
		fprintf(names_file, "%%%02x", (unsigned char)*name);
	fputc('\n', names_file);
}

__attribute__((unused)) static void
content_path(char *path, size_t room)
{
	snprintf(path, room, "%.4000s/%d.content", files_dir, n_files++);
}

__attribute__((unused)) static void
put_content(const char *bytes, size_t len)
{
	char path[4200];
	FILE *f;

	content_path(path, sizeof(path));
	f = fopen(path, "wb");
	fwrite(bytes, 1, len, f);
	fclose(f);
}

/* A process for each message: a library that dies takes one along. */
int
main(int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		char copy[4096], path[4200];
		pid_t pid;

		snprintf(copy, sizeof(copy), "%s", argv[i]);
		snprintf(files_dir, sizeof(files_dir), "%.1500s/%.1500s.files", argv[1],
		    basename(copy));
		mkdir(files_dir, 0755);
		pid = fork();
		if (pid == 0) {
			static char bytes[1 << 24];
			FILE *f = fopen(argv[i], "rb");
			size_t len = fread(bytes, 1, sizeof(bytes) - 1, f);

			alarm(10);
			snprintf(path, sizeof(path), "%.1500s/%.1500s.names", argv[1],
			    basename(copy));
			names_file = fopen(path, "wb");
			read_message(argv[i], bytes, len);
			fclose(names_file);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	return 0;
}
#endif
