import Foundation
import Storage

/// The vocabulary that a data set begins with: another data set's, or a list of items such as `items.txt` of a checkpoint.
struct KnownVocabulary {
  /// The file that is read.
  let path: String
  let items: ItemCatalog
  /// SHA-256 of its lines.
  let checksum: String

  /// The file that would be read of a data set's folder, or of a file.
  static func file(of path: String) -> String {
    var isFolder: ObjCBool = false
    let isFile = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
    return isFile ? path : joined(path, PreparedDataset.itemsFileName)
  }

  /// - Parameter path: the folder of a data set, or a file with an item a line.
  /// - Throws: `SessionsError.badItemList` for a file that is none, or what `PreparedDataset` throws.
  init(_ path: String) throws {
    self.path = Self.file(of: path)
    guard self.path == path else {
      let dataset = try PreparedDataset(folder: path)
      (items, checksum) = (dataset.itemIDs, dataset.vocabulary)
      return
    }
    let count = try MappedFile(path: path).withUnsafeBytes { bytes in
      bytes.last == UInt8(ascii: "\n") ? bytes.count { $0 == UInt8(ascii: "\n") } : 0
    }
    if count == 0 {
      throw SessionsError.badItemList(path: path, line: nil, reason: "its last line has no end, or it has no line")
    }
    items = try ItemCatalog(path: path, count: count)
    checksum = try Checksum.sha256(ofFile: path)
    for row in 1...Int32(count) {
      if items.slice(of: row).count == 0 {
        throw SessionsError.badItemList(path: path, line: Int(row), reason: "there is no item")
      }
      if items.row(of: items.slice(of: row)) != row {
        throw SessionsError.badItemList(path: path, line: Int(row), reason: "the item stands there for the second time")
      }
    }
  }
}
