;; SPDX-License-Identifier: GPL-2.0-or-later
;; Emacs: what mm-dissect-buffer shows of messages.
(require 'mm-decode)
(require 'mail-parse)

(defun readers-name (name)
  (when (stringp name)
    (dolist (c (append (encode-coding-string name 'utf-8) nil))
      (princ (format "%%%02x" (logand c 255)) (current-buffer)))
    (insert "\n")))

(defun readers-walk (handle dir names)
  (cond
   ((null handle))
   ((stringp (car handle))
    (dolist (h (cdr handle)) (readers-walk h dir names)))
   ((bufferp (car handle))
    (with-current-buffer names
      (readers-name (ignore-errors (mm-handle-filename handle)))
      (readers-name (mail-content-type-get (mm-handle-type handle) 'name))
      (readers-name (mail-content-type-get (mm-handle-disposition handle) 'filename)))
    (let ((coding-system-for-write 'binary)
          (content (ignore-errors (mm-get-part handle t))))
      (when content
        (write-region content nil (format "%s/%d.content" dir (random 1000000000)) nil 'quiet)
        (when (equal (mm-handle-media-type handle) "message/rfc822")
          (with-temp-buffer
            (set-buffer-multibyte nil)
            (insert content)
            (readers-walk (ignore-errors (mm-dissect-buffer t)) dir names))))))
   ((listp handle) (dolist (h handle) (readers-walk h dir names)))))

(defun readers-run (args)
  (let ((args (if (equal (car args) "--") (cdr args) args)))
    (dolist (file (cdr args))
      (let* ((base (concat (car args) "/" (file-name-nondirectory file)))
             (names (generate-new-buffer "names")))
        (make-directory (concat base ".files"))
        (with-timeout (10)
          (condition-case e
              (with-temp-buffer
                (set-buffer-multibyte nil)
                (insert-file-contents-literally file)
                (goto-char (point-min))
                (while (search-forward "\r\n" nil t) (replace-match "\n"))
                (goto-char (point-min))
                (readers-walk (mm-dissect-buffer t) (concat base ".files") names))
            (error (message "%s: %S" file e))))
        (with-current-buffer names
          (write-region nil nil (concat base ".names") nil 'quiet))
        (kill-buffer names)))))
