import ArgumentParser
import Foundation
import Reports
import Storage
import Text

struct ReportCommand: LeaderCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Shows what runs, hand-offs and sweeps came to as one page of HTML, which needs no network.",
    discussion: """
      Curves of several runs are in the same charts. Reads the folders that train, finetune and sweep had as --out, and \
      neither data nor weights.

      caravan report runs/narm runs/core --out report.html
      caravan report sweeps/gru4rec --bench one.json two.json --certificate certificate.json --out report.html
      """)

  @Argument(help: ArgumentHelp("Folders of runs, hand-offs or sweeps.", valueName: "folder"))
  var folders: [String] = []

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Files of caravan bench --json: a step's time, memory, and speed by ranks where there are several.",
      valueName: "file"))
  var bench: [String] = []

  @Option(
    parsing: .upToNextOption, help: ArgumentHelp("Files of caravan certify --out.", valueName: "file"))
  var certificate: [String] = []

  @Option(
    parsing: .upToNextOption, help: ArgumentHelp("Files of caravan evaluate --json.", valueName: "file"))
  var evaluation: [String] = []

  @Option(help: ArgumentHelp("The page.", valueName: "file"))
  var out: String

  @Flag(help: "Replace the file at --out.")
  var force = false

  func validate() throws {
    if (folders + bench + certificate + evaluation).isEmpty {
      throw ValidationError(
        "name a folder of a run, a hand-off or a sweep, or a file of --bench, --certificate or --evaluation")
    }
    if Set(folders).count < folders.count { throw ValidationError("a folder is named twice: name each once") }
    if !out.hasSuffix(".html") { throw ValidationError("--out must end in .html, it is '\(out)'") }
  }

  func run() throws {
    try OutputPlace.check(out, replaces: force, inputs: folders + bench + certificate + evaluation)
    let report = try Report(
      folders: folders, benches: bench, certificates: certificate, evaluations: evaluation)
    let page = try report.html()
    try atomicWrite(page, to: out)
    print("\((Double(page.count) / 1000).formatted(digits: 0)) kB: \(out)")
  }
}
