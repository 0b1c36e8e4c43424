// SPDX-License-Identifier: GPL-2.0-or-later

// Go's net/mail and mime/multipart.
package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
)

var n int

func put(names io.Writer, name string) {
	if name != "" {
		for i := 0; i < len(name); i++ {
			fmt.Fprintf(names, "%%%02x", name[i])
		}
		fmt.Fprintln(names)
	}
}

func walk(head map[string][]string, body io.Reader, dir string, names io.Writer, depth int) {
	get := func(key string) string {
		if len(head[key]) > 0 {
			return head[key][0]
		}
		return ""
	}
	kind, params, _ := mime.ParseMediaType(get("Content-Type"))
	put(names, params["name"])
	_, dparams, _ := mime.ParseMediaType(get("Content-Disposition"))
	put(names, dparams["filename"])
	if strings.HasPrefix(kind, "multipart/") && params["boundary"] != "" && depth < 20 {
		r := multipart.NewReader(body, params["boundary"])
		for {
			p, err := r.NextPart()
			if err != nil {
				return
			}
			put(names, p.FileName())
			walk(p.Header, p, dir, names, depth+1)
		}
	}
	switch strings.ToLower(strings.TrimSpace(get("Content-Transfer-Encoding"))) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	content, _ := io.ReadAll(body)
	os.WriteFile(fmt.Sprintf("%s/%d.content", dir, n), content, 0644)
	n++
	if strings.HasPrefix(kind, "message/") && depth < 20 {
		if m, err := mail.ReadMessage(bytes.NewReader(content)); err == nil {
			walk(m.Header, m.Body, dir, names, depth+1)
		}
	}
}

func main() {
	for _, path := range os.Args[2:] {
		base := os.Args[1] + "/" + filepath.Base(path)
		os.Mkdir(base+".files", 0755)
		names, _ := os.Create(base + ".names")
		f, _ := os.Open(path)
		n = 0
		if m, err := mail.ReadMessage(f); err == nil {
			walk(m.Header, m.Body, base+".files", names, 0)
		} else {
			fmt.Fprintln(os.Stderr, path, err)
		}
		f.Close()
		names.Close()
	}
}
