/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text_file.h - a small text file, read whole.
 */
#ifndef TEXT_FILE_H
#define TEXT_FILE_H

#include <stddef.h>

/*
 * The text of a file of at most max bytes, malloc'd, with a NUL at its end and none
 * before. Never waits for a pipe's writer. On failure NULL, a sentence that begins with
 * the path, and errno: ENOENT if there is no such file.
 */
char *text_file_read(const char *path, size_t max, char *err, size_t errsize);

#endif
