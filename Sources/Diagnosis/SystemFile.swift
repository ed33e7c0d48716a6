import Foundation

/// The kernel's files of numbers and words.
enum SystemFile {
  /// The text without blanks and line breaks around it; nil where there is no such file.
  static func text(_ path: String) -> String? {
    (try? String(contentsOfFile: path, encoding: .utf8)).map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
  }
}
