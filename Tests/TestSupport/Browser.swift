import Foundation

/// A browser without a window that opens a page, where this machine has one.
public enum Browser {
  /// Chromium; nil where it is not installed.
  public static let executable: String? = ["chromium", "chromium-browser", "google-chrome"].lazy
    .flatMap { name in ["/usr/bin/", "/usr/local/bin/"].map { $0 + name } }
    .first { FileManager.default.isExecutableFile(atPath: $0) }

  /// What a script that is added to a copy of a page answers once the page is laid out.
  /// - Parameters:
  ///   - page: HTML with a body.
  ///   - script: the body of a JavaScript function that returns text; it stands in an HTML file.
  ///   - width: of the page, in pixels; in a frame, for a browser's window has a least width.
  ///   - isDark: the scheme that the page is told to prefer.
  ///   - folder: where the copies go.
  /// - Throws: `MPIRun.CannotStart` where the browser gives no answer.
  public static func answer(
    of page: String, to script: String, width: Int, isDark: Bool, executable: String, folder: String
  ) throws -> String {
    let asking = """
      <script>addEventListener("load", () => {
        const answer = (() => { \(script) })();
        parent.document.getElementById("answer").textContent = "answer begins " + answer + " answer ends";
      });</script></body>
      """
    let inner = page.replacing("</body>", with: asking)
    try inner.write(toFile: folder + "/inner.html", atomically: true, encoding: .utf8)
    let outer = """
      <!DOCTYPE html><html><body style="margin: 0"><p id="answer"></p>
      <iframe src="inner.html" style="border: 0; width: \(width)px; height: 2000px"></iframe></body></html>
      """
    try outer.write(toFile: folder + "/outer.html", atomically: true, encoding: .utf8)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--allow-file-access-from-files",
      "--user-data-dir=\(folder)/profile", "--window-size=1400,2100", "--virtual-time-budget=5000",
      "--blink-settings=preferredColorScheme=\(isDark ? 0 : 1)", "--dump-dom", "file://\(folder)/outer.html",
    ]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let limit = DispatchWorkItem { process.terminate() }
    DispatchQueue.global().asyncAfter(deadline: .now() + 180, execute: limit)
    let dom = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    limit.cancel()
    guard let begin = dom.range(of: "answer begins "), let end = dom.range(of: " answer ends") else {
      throw MPIRun.CannotStart(description: "\(executable) gave no answer, and ended with \(process.terminationStatus)")
    }
    return String(dom[begin.upperBound..<end.lowerBound])
  }
}
