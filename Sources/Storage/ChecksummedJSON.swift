import Foundation

/// What is kept as JSON with the SHA-256 of itself, so that a changed byte is noticed.
///
/// Nothing in the text tells time, place or the number of ranks: keys are sorted, and there is a newline at the end.
package protocol ChecksummedJSON: Codable {
  /// SHA-256 of this as it is encoded without the checksum itself; nil until it is encoded.
  var checksum: String? { get set }
}

extension ChecksummedJSON {
  /// - Throws: a decoding error. Whether the checksum is right is not looked at.
  package init(decoding data: Data) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    self = try decoder.decode(Self.self, from: data)
  }

  /// As JSON, with its checksum.
  package func encoded() throws -> Data {
    var value = self
    value.checksum = try ownChecksum()
    return try value.json()
  }

  /// What the checksum is of what was written whole.
  package func ownChecksum() throws -> String {
    var value = self
    value.checksum = nil
    return Checksum.sha256(of: try value.json())
  }

  private func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return try encoder.encode(self) + Data("\n".utf8)
  }
}
