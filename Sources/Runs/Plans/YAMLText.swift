import Foundation
import Text
import Yams

/// What is wrong with a text that should be YAML, in words.
package struct YAMLFault: Error {
  package let sentence: String
}

/// YAML as people write it: read from a file, and checked to be lines of names and values.
package enum YAMLText {
  /// More than anybody writes by hand: another file was meant.
  private static let largest = 1 << 20

  /// The text of a file.
  package static func read(_ path: String) throws(YAMLFault) -> String {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { throw YAMLFault("no such file") }
    if isFolder.boolValue { throw YAMLFault("it is a folder") }
    guard let file = FileHandle(forReadingAtPath: path) else { throw YAMLFault("it cannot be read") }
    let data: Data
    do {
      data = try file.read(upToCount: largest + 1) ?? Data()
    } catch {
      throw YAMLFault("it cannot be read")
    }
    if data.count > largest { throw YAMLFault("it is longer than 1 MiB") }
    guard let text = String(validating: data, as: UTF8.self) else { throw YAMLFault("it is not UTF-8 text") }
    // A mark that some editors put before the first line.
    return text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
  }

  /// The names and values of a text.
  /// - Parameter such: a line as it should be, for messages.
  package static func mapping(in text: String, such example: String) throws(YAMLFault) -> Node.Mapping {
    let node: Node?
    do {
      node = try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw YAMLFault(error.sentence)
    } catch {
      throw YAMLFault("it is not YAML")
    }
    guard let mapping = node?.mapping else { throw YAMLFault("it has no lines of the form `\(example)`") }
    return mapping
  }
}

extension YAMLFault {
  init(_ sentence: String) { self.init(sentence: sentence) }
}

extension Node {
  /// Whether it stands for no value: `null`, `~`, or nothing at all.
  package var isNone: Bool {
    guard case .scalar(let scalar) = self, scalar.style == .any || scalar.style == .plain else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
  }

  /// A value as it is written; a list of such, `[0.25, 0.5]`, as the command line has it: `0.25,0.5`.
  package var optionText: String? {
    if let list = sequence {
      let texts = list.compactMap(\.string)
      return texts.count == list.count ? texts.joined(separator: ",") : nil
    }
    return string
  }
}

extension YamlError {
  /// What is wrong, and on which line: neither the file's text nor its control characters.
  fileprivate var sentence: String {
    switch self {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      "it is not YAML in line \(mark.line): \(printable(problem))"
    case .reader(let problem, _, _, _): "it is not YAML: \(printable(problem))"
    case .duplicatedKeysInMapping(let duplicates, let context):
      "\(printable(duplicates.min() ?? "a name")) stands there twice, first in line \(context.mark.line)"
    default: "it is not YAML: \(printable("\(self)"))"
    }
  }
}
