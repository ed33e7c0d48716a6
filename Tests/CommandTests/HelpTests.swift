import Foundation
import TestSupport
import Testing

/// What `caravan help` prints, beside what it printed when somebody last read it: `Help/caravan.txt` and a file a
/// command. After a change that is meant, `CARAVAN_REWRITE_HELP=1 swift test -c release --filter HelpTests` writes the
/// files anew; the change is then read in their difference.
@Suite struct HelpTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Help")
  private static let isRewriting = ProcessInfo.processInfo.environment["CARAVAN_REWRITE_HELP"] == "1"
  private static let advice =
    "if that is meant, run `CARAVAN_REWRITE_HELP=1 swift test -c release --filter HelpTests` and commit the files"

  /// Standard output of a command that ends well.
  private func output(of arguments: [String]) throws -> String {
    let outcome = try CaravanCommand.run(arguments, environment: ["COLUMNS": "100"])
    try #require(outcome.status == 0 && outcome.stderr.isEmpty, "caravan \(arguments): \(outcome.stderr)")
    return outcome.stdout
  }

  /// The commands that the help of `caravan` lists: two spaces, the name, what it does.
  private func commands(in help: String) -> [String] {
    let lines = help.split(separator: "\n").drop { !$0.hasSuffix(" SUBCOMMANDS:") }
    return lines.compactMap { $0.firstMatch(of: /^  ([a-z][a-z-]*)(?: |$)/).map { String($0.1) } }
  }

  @Test func helpIsThatOfTheSnapshots() throws {
    var texts = ["caravan": try output(of: ["--help"])]
    #expect(try output(of: ["help"]) == texts["caravan"])
    let names = commands(in: texts["caravan"] ?? "")
    #expect(names.contains("train") && names.contains("predict"), "\(names)")
    for name in names {
      texts[name] = try output(of: ["help", name])
      #expect(try output(of: [name, "--help"]) == texts[name], "caravan help \(name) and caravan \(name) --help")
    }
    if Self.isRewriting { try rewrite(texts) }

    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
    #expect(Set(files) == Set(texts.keys.map { $0 + ".txt" }), "a file a command: \(Self.advice)")
    for (name, text) in texts.sorted(by: { $0.key < $1.key }) where files.contains(name + ".txt") {
      let snapshot = try String(contentsOf: Self.folder.appendingPathComponent(name + ".txt"), encoding: .utf8)
      // Not as an expectation, which would print both texts whole.
      if text != snapshot {
        Issue.record("Help/\(name).txt differs:\n\(changedLines(from: snapshot, to: text))\n\(Self.advice)")
      }
    }
  }

  @Test func everyCommandShowsAnExample() throws {
    for name in commands(in: try output(of: ["--help"])) {
      let help = try output(of: ["help", name])
      #expect(
        help.contains(/\n(?:caravan|mpirun .* caravan) [a-z]/) && help.contains("caravan \(name)"),
        "caravan help \(name)")
    }
  }

  @Test func theHelpOfAModelHasItsOptionsAndDefaults() throws {
    let help = try output(of: ["help", "train", "narm"])
    #expect(help.contains("--dropout-probs") && !help.contains("--temperature") && !help.contains("--window"))
    #expect(help.contains("The learning rate. (default: 0.005)"))
    let counting = try output(of: ["help", "train", "COUNTS"])
    #expect(counting.contains("--window") && !counting.contains("--lr"))
    let outcome = try CaravanCommand.run(["help", "train", "NARN"])
    #expect(outcome.status == 64 && outcome.stderr.hasPrefix("caravan: there is no model NARN: did you mean NARM?"))
  }

  private func rewrite(_ texts: [String: String]) throws {
    try? FileManager.default.removeItem(at: Self.folder)
    try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
    for (name, text) in texts {
      try Data(text.utf8).write(to: Self.folder.appendingPathComponent(name + ".txt"))
    }
  }
}

/// The lines that differ, each with its number in its own text: `-` those of `old`, `+` those of `new`.
private func changedLines(from old: String, to new: String) -> String {
  let difference = new.components(separatedBy: "\n").difference(from: old.components(separatedBy: "\n"))
  let changes = (difference.removals + difference.insertions).map { change in
    switch change {
    case .remove(let place, let line, _): (place: place, text: "- \(place + 1): \(line)")
    case .insert(let place, let line, _): (place: place, text: "+ \(place + 1): \(line)")
    }
  }
  // Sorting is stable: of one place, what was removed stays before what was inserted.
  return changes.sorted { $0.place < $1.place }.map(\.text).joined(separator: "\n")
}
