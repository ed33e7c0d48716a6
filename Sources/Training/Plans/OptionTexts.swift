import Foundation
import Yams

/// The options of something that is coded flat, as text and in order: what a configuration file would say.
///
/// The order is YAML's, the text JSON's, which writes a Float 0.2 as 0.2.
public func optionTexts(_ options: some Encodable) throws -> [(name: String, text: String?)] {
  let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(options)) as? [String: Any] ?? [:]
  let order = try Yams.compose(yaml: YAMLEncoder().encode(options))?.mapping?.keys.compactMap(\.string) ?? []
  return order.map { name in
    switch json[name] {
    case nil, is NSNull: (name, nil)
    case .some(let value): (name, "\(value)")
    }
  }
}
