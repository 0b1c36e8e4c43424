/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mime_type.c - the extension that a mail program gives to a file without a name.
 *
 * The types of what is run or installed by a click, as the registries of Windows
 * (HKCR\\MIME\\Database), Apache, freedesktop.org and IANA have them. What is shown and
 * not run is not here.
 */
#include "mime_type.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *type, *extension;
} types[] = {
	{ "application/hta", "hta" },
	{ "application/x-hta", "hta" },
	{ "application/x-msdownload", "exe" },
	{ "application/x-msdos-program", "exe" },
	{ "application/x-dosexec", "exe" },
	{ "application/x-exe", "exe" },
	{ "application/exe", "exe" },
	{ "application/x-winexe", "exe" },
	{ "application/x-ms-dos-executable", "exe" },
	{ "application/vnd.microsoft.portable-executable", "exe" },
	{ "application/x-executable", "exe" },
	{ "application/x-elf", "elf" },
	{ "application/x-mach-binary", "macho" },
	{ "application/x-bat", "bat" },
	{ "application/bat", "bat" },
	{ "application/x-msdos-batch", "bat" },
	{ "application/x-ms-shortcut", "lnk" },
	{ "application/x-mswinurl", "url" },
	{ "application/internet-shortcut", "url" },
	{ "application/x-url", "url" },
	{ "application/x-msi", "msi" },
	{ "application/x-ms-installer", "msi" },
	{ "application/x-windows-installer", "msi" },
	{ "application/msix", "msix" },
	{ "application/msixbundle", "msixbundle" },
	{ "application/appx", "appx" },
	{ "application/appxbundle", "appxbundle" },
	{ "application/appinstaller", "appinstaller" },
	{ "application/x-ms-application", "application" },
	{ "application/x-ms-xbap", "xbap" },
	{ "application/x-ms-vsto", "application" },
	{ "application/java-archive", "jar" },
	{ "application/x-java-archive", "jar" },
	{ "application/x-jar", "jar" },
	{ "application/x-java-jnlp-file", "jnlp" },
	{ "application/javascript", "js" },
	{ "application/x-javascript", "js" },
	{ "application/ecmascript", "js" },
	{ "text/jscript", "js" },
	{ "application/x-vbs", "vbs" },
	{ "application/x-vbscript", "vbs" },
	{ "text/vbscript", "vbs" },
	{ "text/vbs", "vbs" },
	{ "text/scriptlet", "sct" },
	{ "text/x-component", "htc" },
	{ "application/x-powershell", "ps1" },
	{ "text/x-powershell", "ps1" },
	{ "application/x-sh", "sh" },
	{ "application/x-shellscript", "sh" },
	{ "text/x-sh", "sh" },
	{ "application/x-csh", "csh" },
	{ "application/x-perl", "pl" },
	{ "text/x-perl", "pl" },
	{ "application/x-python-code", "pyc" },
	{ "text/x-python", "py" },
	{ "application/x-desktop", "desktop" },
	{ "application/x-iso9660-image", "iso" },
	{ "application/x-cd-image", "iso" },
	{ "application/x-apple-diskimage", "dmg" },
	{ "application/x-vhd", "vhd" },
	{ "application/vnd.ms-cab-compressed", "cab" },
	{ "application/x-cab", "cab" },
	{ "application/vnd.android.package-archive", "apk" },
	{ "application/vnd.apple.installer+xml", "mpkg" },
	{ "application/x-newton-compatible-pkg", "pkg" },
	{ "application/winhlp", "hlp" },
	{ "application/x-winhelp", "hlp" },
	{ "application/mshelp", "hlp" },
	{ "application/vnd.ms-htmlhelp", "chm" },
	{ "application/x-chm", "chm" },
	{ "text/x-ms-regedit", "reg" },
	{ "application/x-ms-regedit", "reg" },
	{ "application/x-internet-signup", "ins" },
	{ "application/x-setupscript", "inf" },
	{ "application/x-rdp", "rdp" },
	{ "application/rdp", "rdp" },
	{ "application/onenote", "one" },
	{ "application/msonenote", "one" },
	{ "text/x-ms-iqy", "iqy" },
	{ "application/x-ms-iqy", "iqy" },
	{ "text/x-ms-odc", "oqy" },
	{ "application/x-msaccess", "mdb" },
	{ "application/msaccess", "mdb" },
	{ "application/vnd.ms-excel.addin.macroenabled.12", "xlam" },
	{ "application/vnd.ms-powerpoint.addin.macroenabled.12", "ppam" },
	{ "application/windows-library+xml", "library-ms" },
	{ "application/windows-search-connector+xml", "searchconnector-ms" },
};

const char *
type_extension(const char *type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(type, types[i].type) == 0)
			return types[i].extension;
	}
	return NULL;
}
