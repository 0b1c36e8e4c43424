/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asan.h - WITH_ASAN: built with the address sanitizer, which needs more than a
 * sandbox gives.
 */
#ifndef ASAN_H
#define ASAN_H

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif

#endif
