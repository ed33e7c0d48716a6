import Text

/// A word as a shell takes it.
func quoted(_ word: String) -> String {
  let plain = word.allSatisfy { $0.isLetter || $0.isNumber || "-_./=:,+@%".contains($0) } && !word.isEmpty
  return plain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
}

/// This process's command line, on one line.
var ownCommandLine: String {
  let words = ["caravan"] + CommandLine.arguments.dropFirst().map(quoted)
  return printable(words.joined(separator: " "), limit: 4000)
}
