import Foundation
import OptionTables
import Text
import Yams

/// A YAML file of options, a line an option: `lr: 0.01`. Names are flags' names or aliases, with dashes or underscores.
package enum ConfigurationFile {
  /// The options in the order of the file; those without a value (`max_steps: null`) are left out.
  /// - Throws: `RunError.badConfiguration`.
  package static func options(at path: String) throws -> [GivenOption] {
    func bad(_ reason: String) -> RunError { .badConfiguration(path: path, reason: reason) }
    let mapping: Node.Mapping
    do {
      mapping = try YAMLText.mapping(in: YAMLText.read(path), such: "lr: 0.01")
    } catch {
      throw bad(error.sentence)
    }
    if ["grid", "random", "options"].contains(where: { mapping[Node($0)]?.mapping != nil }) {
      throw bad("it is a sweep's: caravan sweep \(path)")
    }
    var options: [GivenOption] = []
    for (key, value) in mapping {
      guard let name = key.string, !name.isEmpty else { throw bad("it has a name that is none") }
      if value.isNone { continue }
      guard let text = value.optionText else {
        throw bad("\(printable(name)) has lines of its own below it: an option has one value, or a list [a, b]")
      }
      options.append(GivenOption(name, text, inFile: path))
    }
    return options
  }
}
