import Foundation
import Text

/// SHA-256 of files: what manifests list and what loading verifies.
public enum Checksum {
  /// The SHA-256 of a file, as 64 hexadecimal digits.
  public static func sha256(ofFile path: String) throws(StorageError) -> String {
    let file = try MappedFile(path: path)
    return file.withUnsafeBytes { sha256(of: $0) }
  }

  /// The SHA-256 of bytes in memory, as 64 hexadecimal digits.
  public static func sha256(of bytes: some ContiguousBytes) -> String {
    let hash = SHA256()
    bytes.withUnsafeBytes { hash.update($0) }
    return hash.finalize()
  }

  /// In words, how a file's SHA-256 is not the one that was listed: from the first digit that differs.
  static func difference(found: String, expected: String) -> String {
    guard expected.utf8.count == found.utf8.count, expected.allSatisfy(\.isHexDigit) else {
      return "its SHA-256 is \(found.prefix(12))…, but '\(printable(expected, limit: 20))' was listed, which is none"
    }
    let common = zip(found, expected).prefix { $0 == $1 }.count
    func part(_ digits: String) -> String {
      // Beginnings that are equal would leave the reader to look for what is wrong.
      if common < 12 { return "\(digits.prefix(12))…" }
      let shown = digits.dropFirst(common).prefix(12)
      return "…\(shown)\(common + 12 < digits.utf8.count ? "…" : "")"
    }
    let place = common < 12 ? "" : " from digit \(common + 1)"
    return "its SHA-256 is \(part(found))\(place), \(part(expected)) was written"
  }

  /// Checks that every listed file is there and unchanged.
  /// - Parameter files: SHA-256 by file name.
  /// - Throws: `.missingFile` or `.checksumDiffers` for the first bad file by name.
  public static func verify(folder: String, files: [String: String]) throws(StorageError) {
    for (name, expected) in files.sorted(by: { $0.key < $1.key }) {
      let path = joined(folder, name)
      let found = try sha256(ofFile: path)
      if found != expected { throw .checksumDiffers(path: path, expected: expected, found: found) }
    }
  }
}

func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var text: [UInt8] = []
  for byte in bytes {
    text.append(digits[Int(byte >> 4)])
    text.append(digits[Int(byte & 15)])
  }
  return String(decoding: text, as: UTF8.self)
}
