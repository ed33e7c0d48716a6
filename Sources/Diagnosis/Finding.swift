/// What was found out about a machine, in a line.
package struct Finding: Codable, Equatable, Sendable {
  package enum Grade: String, Codable, Sendable {
    case ok
    /// It works, and could work better or surprise somebody.
    case note
    /// Trainings would fail, or be wrong.
    case bad
  }

  package let grade: Grade
  /// What was looked at, in a word or two.
  package let subject: String
  package let text: String
  /// What to do; nil where there is nothing.
  package let advice: String?

  static func ok(_ subject: String, _ text: String) -> Finding {
    Finding(grade: .ok, subject: subject, text: text, advice: nil)
  }

  static func note(_ subject: String, _ text: String, do advice: String) -> Finding {
    Finding(grade: .note, subject: subject, text: text, advice: advice)
  }

  static func bad(_ subject: String, _ text: String, do advice: String) -> Finding {
    Finding(grade: .bad, subject: subject, text: text, advice: advice)
  }
}
