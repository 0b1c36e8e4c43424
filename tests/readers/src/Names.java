// SPDX-License-Identifier: GPL-2.0-or-later
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** A line for each name, percent-encoded. */
public class Names {
	static void put(PrintStream out, String name) {
		StringBuilder line = new StringBuilder();
		for (byte b : name.getBytes(StandardCharsets.UTF_8))
			line.append(String.format("%%%02x", b & 255));
		out.print(line + "\n");
	}
}
