// SPDX-License-Identifier: GPL-2.0-or-later
import java.io.*;
import java.nio.file.*;
import java.util.Properties;
import javax.mail.*;
import javax.mail.internet.*;

/** JavaMail, with its lenient settings. */
public class JavaMail {
	static int n;

	static void walk(Part part, Path dir, PrintStream names) throws Exception {
		try {
			if (part.getFileName() != null)
				Names.put(names, part.getFileName());
		} catch (MessagingException e) {
		}
		try {
			if (part.isMimeType("multipart/*") && part.getContent() instanceof Multipart) {
				Multipart all = (Multipart) part.getContent();
				for (int i = 0; i < all.getCount(); i++)
					walk(all.getBodyPart(i), dir, names);
				return;
			}
			if (part.isMimeType("message/rfc822") && part.getContent() instanceof Part)
				walk((Part) part.getContent(), dir, names);
		} catch (Exception e) {
		}
		try (InputStream in = part.getInputStream()) {
			Files.copy(in, dir.resolve(n++ + ".content"));
		} catch (Exception e) {
		}
	}

	public static void main(String[] a) throws Exception {
		for (String p : new String[] { "mail.mime.decodefilename", "mail.mime.ignoreunknownencoding",
		    "mail.mime.base64.ignoreerrors", "mail.mime.uudecode.ignoreerrors", "mail.mime.uudecode.ignoremissingbeginend",
		    "mail.mime.multipart.allowempty" })
			System.setProperty(p, "true");
		for (String p : new String[] { "mail.mime.parameters.strict" })
			System.setProperty(p, "false");
		Session session = Session.getInstance(new Properties());
		for (int i = 1; i < a.length; i++) {
			String base = a[0] + "/" + Paths.get(a[i]).getFileName();
			Path dir = Files.createDirectory(Paths.get(base + ".files"));
			n = 0;
			try (PrintStream names = new PrintStream(base + ".names"); InputStream in = Files.newInputStream(Paths.get(a[i]))) {
				walk(new MimeMessage(session, in), dir, names);
			} catch (Exception | StackOverflowError e) {
				System.err.println(a[i] + ": " + e);
			}
		}
	}
}
