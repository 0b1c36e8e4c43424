// SPDX-License-Identifier: GPL-2.0-or-later

// go-message.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset"
)

var n int

func walk(e *message.Entity, dir string, names io.Writer, depth int) {
	_, params, _ := e.Header.ContentType()
	_, dparams, _ := e.Header.ContentDisposition()
	for _, name := range []string{params["name"], dparams["filename"]} {
		if name != "" {
			for i := 0; i < len(name); i++ {
				fmt.Fprintf(names, "%%%02x", name[i])
			}
			fmt.Fprintln(names)
		}
	}
	if r := e.MultipartReader(); r != nil && depth < 20 {
		for {
			p, err := r.NextPart()
			if p == nil || (err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err)) {
				return
			}
			walk(p, dir, names, depth+1)
		}
	}
	content, _ := io.ReadAll(e.Body)
	os.WriteFile(fmt.Sprintf("%s/%d.content", dir, n), content, 0644)
	n++
	if kind, _, _ := e.Header.ContentType(); kind == "message/rfc822" && depth < 20 {
		if m, err := message.Read(strings.NewReader(string(content))); m != nil && err == nil {
			walk(m, dir, names, depth+1)
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
		if e, err := message.Read(f); e != nil {
			walk(e, base+".files", names, 0)
		} else {
			fmt.Fprintln(os.Stderr, path, err)
		}
		f.Close()
		names.Close()
	}
}
