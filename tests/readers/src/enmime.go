// SPDX-License-Identifier: GPL-2.0-or-later

// enmime.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/jhillyerd/enmime"
)

func main() {
	for _, path := range os.Args[2:] {
		base := os.Args[1] + "/" + filepath.Base(path)
		os.Mkdir(base+".files", 0755)
		names, _ := os.Create(base + ".names")
		f, _ := os.Open(path)
		n := 0
		if e, err := enmime.ReadEnvelope(f); err == nil {
			all := append(append(e.Attachments, e.Inlines...), e.OtherParts...)
			for _, p := range all {
				for i := 0; i < len(p.FileName); i++ {
					fmt.Fprintf(names, "%%%02x", p.FileName[i])
				}
				fmt.Fprintln(names)
				os.WriteFile(fmt.Sprintf("%s.files/%d.content", base, n), p.Content, 0644)
				n++
			}
			os.WriteFile(base+".files/text.1.content", []byte(e.Text), 0644)
			os.WriteFile(base+".files/html.1.content", []byte(e.HTML), 0644)
		} else {
			fmt.Fprintln(os.Stderr, path, err)
		}
		f.Close()
		names.Close()
	}
}
