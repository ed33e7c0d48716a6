import Foundation
import Storage

/// An option of a job, as text.
package struct SweepOption: Equatable, Sendable {
  package let name: String
  package let text: String
}

/// One run of a sweep's command.
package struct SweepJob: Equatable, Sendable {
  /// The options that differ from job to job, in the order of the file.
  package let varied: [SweepOption]
  /// All options by name, those that every job has included.
  package let options: [String: String]
  /// The name of the job's folder: readable, and from `varied` alone.
  package let name: String

  init(varied: [SweepOption], fixed: [String: String]) {
    self.varied = varied
    options = varied.reduce(into: fixed) { $0[$1.name] = $1.text }
    name = Self.name(of: varied)
  }

  /// Such as `lr=0.01,dropout_probs=0.25-0.5`: what is not usual in the name of a file becomes a hyphen, and a name
  /// that would be too long for one ends in a checksum.
  private static func name(of varied: [SweepOption]) -> String {
    let longest = 120
    let name = varied.map { "\($0.name)=\(String($0.text.map(letter)))" }.joined(separator: ",")
    guard name.utf8.count > longest else { return name.isEmpty ? "only" : name }
    let all = varied.map { "\($0.name)=\($0.text)\n" }.joined()
    return name.prefix(longest - 9) + "-" + Checksum.sha256(of: Data(all.utf8)).prefix(8)
  }

  private static func letter(_ character: Character) -> Character {
    let isUsual = character.isASCII && (character.isLetter || character.isNumber || "._+".contains(character))
    return isUsual ? character : "-"
  }
}
