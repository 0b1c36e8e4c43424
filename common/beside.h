/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * beside.h - the other programs, which are installed beside this one.
 */
#ifndef BESIDE_H
#define BESIDE_H

#include <stdbool.h>
#include <stddef.h>

/* The path of a program in the directory of this one; false if it does not fit, or is unknown. */
bool beside_path(const char *program, char *path, size_t size);

#endif
