import Foundation
import TestSupport
import Testing

/// What `scripts/install.sh` puts beside the executable, and takes away again.
@Suite struct InstallationTests {
  private static let script = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "scripts/install.sh")

  private func install(_ arguments: [String]) throws -> MPIRun.Outcome {
    try MPIRun.run(
      ranks: nil, executable: Self.script, arguments: arguments,
      environment: ["CARAVAN": try BuiltProducts.url("caravan").path])
  }

  @Test func whatIsInstalledWorksAndGoesAgain() throws {
    let folder = try CaravanCommand.temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let installed = try install([folder])
    try #require(installed.status == 0, "\(installed.stderr)")
    func text(_ name: String) throws -> String { try String(contentsOfFile: folder + "/" + name, encoding: .utf8) }
    #expect(try text("share/bash-completion/completions/caravan").contains("complete -o"))
    #expect(try text("share/zsh/site-functions/_caravan").hasPrefix("#compdef caravan"))
    #expect(try text("share/fish/vendor_completions.d/caravan.fish").contains("finetune"))
    let help = try MPIRun.run(
      ranks: nil, executable: URL(fileURLWithPath: folder + "/bin/caravan"), arguments: ["--help"])
    let commands = help.stdout.split(separator: "\n").drop { !$0.hasSuffix(" SUBCOMMANDS:") }
      .compactMap { $0.firstMatch(of: /^  ([a-z][a-z-]*)(?: |$)/).map { String($0.1) } }
    #expect(help.status == 0 && commands.count > 10, "\(help.stdout)")
    for command in commands {
      let page = try text("share/man/man1/caravan-\(command).1")
      #expect(page.hasPrefix(".TH CARAVAN\\-") || page.hasPrefix(".TH CARAVAN-"), "\(command)")
      #expect(page.contains(".SH OPTIONS"), "\(command)")
    }
    #expect(try text("share/man/man1/caravan-train.1").contains(".B \\-\\-dataset <folder>"))
    #expect(try text("share/man/man1/caravan.1").contains("caravan\\-train"))

    #expect(try install(["--uninstall", folder]).status == 0)
    let left = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String }
      .filter { $0.contains("caravan") }
    #expect(left == [], "\(left ?? [])")
  }

  @Test func whereNothingCanBeWrittenOneLineSaysSo() throws {
    let file = try CaravanCommand.temporaryFolder() + "/file"
    try "".write(toFile: file, atomically: true, encoding: .utf8)
    let refused = try install([file])
    #expect(refused.status == 1 && refused.stderr.contains("cannot write to"), "\(refused.stderr)")
    #expect(try install(["--purge"]).status == 64)
  }
}
