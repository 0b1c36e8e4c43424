// SPDX-License-Identifier: GPL-2.0-or-later
import java.io.*;
import java.nio.file.*;
import org.apache.james.mime4j.dom.*;
import org.apache.james.mime4j.message.*;
import org.apache.james.mime4j.stream.MimeConfig;

/** Apache mime4j. */
public class Mime4j {
	static int n;

	static void walk(Entity part, Path dir, PrintStream names) throws IOException {
		String name = null;
		try {
			name = part.getFilename();
		} catch (RuntimeException e) {
		}
		if (name != null)
			Names.put(names, name);
		String type = null;
		org.apache.james.mime4j.dom.field.ContentTypeField ct = (org.apache.james.mime4j.dom.field.ContentTypeField) part.getHeader().getField("Content-Type");
		if (ct != null && ct.getParameter("name") != null)
			Names.put(names, ct.getParameter("name"));
		Body body = part.getBody();
		if (body instanceof Multipart) {
			for (Entity child : ((Multipart) body).getBodyParts())
				walk(child, dir, names);
		} else if (body instanceof Message) {
			walk((Message) body, dir, names);
		} else if (body instanceof SingleBody) {
			try (OutputStream o = Files.newOutputStream(dir.resolve(n++ + ".content"))) {
				((SingleBody) body).writeTo(o);
			}
		}
	}

	public static void main(String[] a) throws Exception {
		for (int i = 1; i < a.length; i++) {
			String base = a[0] + "/" + Paths.get(a[i]).getFileName();
			Path dir = Files.createDirectory(Paths.get(base + ".files"));
			n = 0;
			try (PrintStream names = new PrintStream(base + ".names"); InputStream in = Files.newInputStream(Paths.get(a[i]))) {
				DefaultMessageBuilder builder = new DefaultMessageBuilder();
				builder.setMimeEntityConfig(MimeConfig.PERMISSIVE);
				walk(builder.parseMessage(in), dir, names);
			} catch (Exception | StackOverflowError e) {
				System.err.println(a[i] + ": " + e);
			}
		}
	}
}
