/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sniff.c - what a content is, by its bytes.
 *
 * Each question has its answer here and nowhere else; how the formats that hold
 * files are recognised stands with them (mime_formats.h). Linear in the input.
 */
#include "sniff.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "line.h"

#define HTML_HEAD_MAX 1024
/* Where a message in a content shows that it is one. */
#define MAIL_HEAD_MAX (64u << 10)
/* What is quoted-printable once more has an escape in so many bytes. */
#define ESCAPES_SHARE 16
/* What is base64 once more has so many digits. */
#define DIGITS_MIN 16

/* The first line of BinHex. */
#define BINHEX_LINE_MIN 60
#define BINHEX_LINE_MAX 66

static bool is_binhex_line(const char *, size_t len);
static size_t word_length(const char *, size_t len);
static bool holds_archive(const char *, size_t len);

enum sniff_marker
sniff_marker(const char *line, size_t len)
{
	static const struct {
		const char *word;
		enum sniff_marker marker;
	} words[] = {
		{ "begin ", MARKER_UU },
		{ "begin\t", MARKER_UU },
		{ "begin-base64", MARKER_UU_BASE64 },
		{ "=ybegin", MARKER_YENC },
		{ "=ypart", MARKER_YENC_PART },

		{ "(This file must be converted", MARKER_BINHEX },
	};

	size_t pre = line_pre(line, len);

	if (is_binhex_line(line, len))
		return MARKER_BINHEX;
	/* What is code may begin so, too: there only with a mode. */
	if (pre > 0 && (len - pre < 7 || !isdigit((unsigned char)line[pre + 6])))
		return MARKER_NONE;
	line += pre;
	len -= pre;
	if (len == 0 || strchr("bB=(", *line) == NULL)
		return MARKER_NONE;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i].word);

		if (len >= n && strncasecmp(line, words[i].word, n) == 0)
			return words[i].marker;
	}
	return MARKER_NONE;
}

/* A colon, and the 63 digits that fill the line. */
static bool
is_binhex_line(const char *s, size_t len)
{
	static const char others[] = "!\"#$%&'()*+,-@[`";
	size_t text = len == 0 || *s != ':' ? 0 : line_text(s, line_next(s, len)), i = 1;

	if (text < BINHEX_LINE_MIN || text > BINHEX_LINE_MAX)
		return false;
	while (i < text &&
	    (isalnum((unsigned char)s[i]) || memchr(others, s[i], sizeof(others) - 1) != NULL))
		i++;
	return i == text;
}

bool
sniff_is_text(const char *s, size_t len)
{
	if (len >= 2 && (memcmp(s, "\xff\xfe", 2) == 0 || memcmp(s, "\xfe\xff", 2) == 0))
		return true;
	/* Bytes of any kind follow. */
	if (memmem(s, len, "=ybegin ", 8) != NULL)
		return true;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s[i] < ' ' &&
		    (s[i] == '\0' || strchr("\t\n\v\f\r\033", s[i]) == NULL))
			return false;
	}
	return true;
}

bool
sniff_is_html(const char *content, size_t len)
{
	static const char *const tags[] = { "html", "head", "body", "script", "table", "meta",
		"!doctype", "br", "title", "h1", "img", "iframe", "a href", "font", "div", "p>",
		"span", "!--", "style", "form", "center", "object", "b>", "i>", "ul", "li", "hr" };

	/* Of what is no text it looks at the beginning only; so random bytes cost nothing. */
	if (len > HTML_HEAD_MAX && memchr(content, '\0', HTML_HEAD_MAX) != NULL)
		len = HTML_HEAD_MAX;
	for (const char *at = content, *end = content + len; at < end; at++) {
		at = memchr(at, '<', (size_t)(end - at));
		if (at == NULL)
			return false;
		for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
			if ((size_t)(end - at) > strlen(tags[i]) &&
			    strncasecmp(at + 1, tags[i], strlen(tags[i])) == 0)
				return true;
		}
	}
	return false;
}

bool
sniff_is_mail(const char *content, size_t len)
{
	static const char *const fields[] = { "Content-Type:", "Content-Disposition:",
		"Content-Transfer-Encoding:", "MIME-Version:", "Subject:" };
	const char *end = content + (len > MAIL_HEAD_MAX ? MAIL_HEAD_MAX : len);

	for (const char *line = content; line < end;
	     line += line_next(line, (size_t)(end - line))) {
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
			size_t n = strlen(fields[i]);

			if ((size_t)(end - line) > n && strncasecmp(line, fields[i], n) == 0)
				return true;
		}
	}
	return false;
}

bool
sniff_begins_mail(const char *s, size_t len)
{
	size_t n = 0;

	if (len > 5 && memcmp(s, "From ", 5) == 0)
		return true;
	while (n < len && (isalnum((unsigned char)s[n]) || s[n] == '-'))
		n++;
	return n > 0 && n + 1 < len && s[n] == ':' && (s[n + 1] == ' ' || s[n + 1] == '\t');
}

/*
 * A script that has an error anywhere is not run at all (ECMA-262 17). "Word-word:" is
 * one, and so are two words in a row that are no keywords, which have small letters all.
 */
bool
sniff_is_no_script(const char *s, size_t len)
{
	static const char received[] = "Received: from ";
	size_t name, first, second;

	if (len > sizeof(received) && memcmp(s, received, sizeof(received) - 1) == 0) {
		s += sizeof(received) - 1;
		first = word_length(s, len - sizeof(received) + 1);
		return first > 0 && strncmp(s, "in", first) != 0 &&
		    strncmp(s, "instanceof", first) != 0;
	}
	name = word_length(s, len);
	if (name > 0 && name + 1 < len && s[name] == '-' && isalnum((unsigned char)s[name + 1])) {
		while (name < len && (isalnum((unsigned char)s[name]) || s[name] == '-'))
			name++;
		return name < len && s[name] == ':';
	}
	if (name == 0 || name + 2 >= len || s[name] != ':' || s[name + 1] != ' ')
		return false;
	s += name + 2;
	len -= name + 2;
	first = word_length(s, len);
	if (first == 0 || first + 1 >= len || s[first] != ' ' || !isupper((unsigned char)*s))
		return false;
	second = word_length(s + first + 1, len - first - 1);
	return second > 0 && isupper((unsigned char)s[first + 1]);
}

static size_t
word_length(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && isalnum((unsigned char)s[n]))
		n++;
	return n;
}

bool
sniff_is_key(const char *s, size_t len)
{
	static const char begin[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----";

	if (len < sizeof(begin) || memcmp(s, begin, sizeof(begin) - 1) != 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)s[i]) &&
		    (s[i] == '\0' || strchr("+/=-:.,@_ \r\n", s[i]) == NULL))
			return false;
	}
	return true;
}

bool
sniff_begins_header(const char *s, size_t len)
{
	while (len > 0 && ((unsigned char)*s <= ' ' || (unsigned char)*s >= 0x7f)) {
		s++;
		len--;
	}
	return len > 8 && strncasecmp(s, "Content-", 8) == 0;
}

/*
 * "MZ" begins a Windows executable; text may begin so too, but its first 64
 * bytes (the DOS header) hold no NUL or other binary byte.
 */
bool
sniff_is_program(const char *content, size_t len)
{
	if (len < 2 || (memcmp(content, "MZ", 2) != 0 && memcmp(content, "ZM", 2) != 0))
		return false;
	for (size_t i = 2; i < len && i < 64; i++) {
		unsigned char c = (unsigned char)content[i];

		if (c < 0x20 && memchr("\t\r\n\f\x1b", c, 5) == NULL)
			return true;
	}
	return false;
}

bool
sniff_is_attachment(const char *content, size_t len)
{
	static const struct {
		const char *magic;
		size_t len;
	} kinds[] = {
		{ "PK\003\004", 4 },
		{ "Rar!\032\007", 6 },
		{ "7z\274\257\047\034", 6 },
		{ "\037\213\010", 3 },
		{ "BZh", 3 },
		{ "\3757zXZ", 5 },
		{ "MSCF", 4 },
		{ "ITSF", 4 },
		{ "\320\317\021\340\241\261\032\341", 8 },
		{ "%PDF-", 5 },
		{ "{\\rtf", 5 },
		{ "\177ELF", 4 },
		{ "\312\376\272\276", 4 },
		{ "L\0\0\0\001\024\002\0", 8 },
		{ "MZ\220\0", 4 },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (len > kinds[i].len && memcmp(content, kinds[i].magic, kinds[i].len) == 0)
			return true;
	}
	return false;
}

bool
sniff_is_picture(const char *s, size_t len)
{
	static const struct {
		const char *magic;
		size_t len;
	} kinds[] = {
		{ "GIF8", 4 },
		{ "\211PNG", 4 },
		{ "\377\330\377", 3 },
		{ "RIFF", 4 },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (len > kinds[i].len && memcmp(s, kinds[i].magic, kinds[i].len) == 0)
			return memmem(s, len, "PK\003\004", 4) == NULL;
	}
	return false;
}

enum decode_way
sniff_encoding(const char *s, size_t len)
{
	size_t escapes = 0, others = 0, returns = 0;

	for (size_t i = 0; i < len; i++) {
		returns += s[i] == '\r'; /* lines may end in them, or not */
		if (s[i] == '=' && len - i > 2 && isxdigit((unsigned char)s[i + 1]) &&
		    isxdigit((unsigned char)s[i + 2]))
			escapes++;
		if (!isalnum((unsigned char)s[i]) &&
		    (s[i] == '\0' || strchr("+/=\r\n\t ", s[i]) == NULL))
			others++;
	}
	if (escapes >= (len - returns) / ESCAPES_SHARE + 1)
		return DECODE_QP_LENIENT;
	return others == 0 && len >= DIGITS_MIN ? DECODE_BASE64_SKIP : DECODE_AS_IS;
}

/* Somewhere in it: scanners and unpackers look for archives and documents behind other bytes. */
static bool
holds_archive(const char *content, size_t len)
{
	static const struct {
		const char *magic;
		size_t len;
	} kinds[] = {
		{ "PK\003\004", 4 },
		{ "PK\005\006", 4 },
		{ "Rar!\032\007", 6 },
		{ "7z\274\257\047\034", 6 },
		{ "MSCF", 4 },
		{ "\037\213\010", 3 },
		{ "\320\317\021\340", 4 },
		{ "%PDF-", 5 },
		{ "{\\rt", 4 },
		{ "This program ", 13 },
		{ "base64,", 7 },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (memmem(content, len, kinds[i].magic, kinds[i].len) != NULL)
			return true;
	}
	return false;
}

bool
sniff_has_magic(const char *content, size_t len)
{
	static const struct {
		const char *magic;
		size_t len, at;
	} kinds[] = {
		{ "MZ", 2, 0 },
		{ "ZM", 2, 0 },
		{ "PK", 2, 0 },
		{ "BZ", 2, 0 },
		{ "#!", 2, 0 },
		{ "\037\213", 2, 0 },
		{ "\037\235", 2, 0 },
		{ "\140\352", 2, 0 }, /* ARJ */
		{ "-lh", 3, 2 },
		{ "-lz", 3, 2 },
		{ "FWS", 3, 0 },
		{ "CWS", 3, 0 },
		{ "ZWS", 3, 0 },
		{ "EGGA", 4, 0 },
		{ "ALZ\001", 4, 0 },
		{ "GIF8", 4, 0 },
		{ "RIFF", 4, 0 },
		{ "\211PNG", 4, 0 },
		{ "\377\330\377", 3, 0 },
		{ "II*\0", 4, 0 },
		{ "MM\0*", 4, 0 },
		{ "\x78\x9f\x3e\x22", 4, 0 },
		{ "\xe4\x52\x5c\x7b", 4, 0 }, /* OneNote */
		{ "\xfe\xed\xfa", 3, 0 },
		{ "\xcf\xfa\xed\xfe", 4, 0 },
		{ "\xce\xfa\xed\xfe", 4, 0 },
		{ "\050\265\057\375", 4, 0 }, /* Zstandard */
		{ "\004\042M\030", 4, 0 }, /* LZ4 */
		{ "LZIP", 4, 0 },
		{ "xar!", 4, 0 },
		{ "!<arch>", 7, 0 },
		{ "07070", 5, 0 },
		{ "conectix", 8, 0 },
		{ "**ACE**", 7, 7 },
		{ "ustar", 5, 257 },
		{ "CD001", 5, 32769 },
	};

	if (sniff_is_attachment(content, len) || holds_archive(content, len))
		return true;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (len >= kinds[i].at + kinds[i].len &&
		    memcmp(content + kinds[i].at, kinds[i].magic, kinds[i].len) == 0)
			return true;
	}
	return false;
}
