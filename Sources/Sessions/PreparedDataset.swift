import Foundation
import Storage
import Text

/// The parts that sessions are divided into.
public enum DatasetSplit: String, CaseIterable, Sendable {
  case train, valid, test

  var fileName: String { "\(rawValue).safetensors" }
}

/// A prepared data set: a folder of mapped files that `DatasetPreparation` wrote.
///
/// It holds no text but the ids and does no batching: `SessionTable` gives the sessions as numbers.
public struct PreparedDataset: Sendable {
  static let itemsFileName = "items.txt"

  /// The path that the data set was opened by.
  public let folder: String
  /// What `dataset.json` says.
  public let manifest: DatasetManifest
  /// SHA-256 over the manifest's file hashes and the names of the locales, 64 hexadecimal digits: equal for equal data.
  /// Ranks compare it.
  public let fingerprint: String
  /// The names of the codes in the sessions' tables.
  public let locales: LocaleNames
  /// The ids of the rows, and the rows of ids.
  public let itemIDs: ItemCatalog
  /// Which items each locale has, and how often training saw them.
  public let candidates: CandidateTable
  private let tables: [DatasetSplit: SessionTable]

  /// Items, padding not counted: rows are 1 … `itemCount`.
  public var itemCount: Int { manifest.items }

  /// SHA-256 of the vocabulary, `items.txt`.
  public var vocabulary: String { manifest.files[Self.itemsFileName] ?? "" }

  /// Maps a prepared data set.
  /// - Parameter verify: whether every file's SHA-256 is compared with the manifest; the numbers' ranges are
  ///   always checked.
  /// - Throws: `SessionsError.notADataset`, `.malformedDataset`, or a `StorageError`.
  public init(folder: String, verify: Bool = true) throws {
    self.folder = folder
    func path(_ name: String) -> String { joined(folder, name) }
    manifest = try Self.readManifest(folder: folder)
    if verify { try Checksum.verify(folder: folder, files: manifest.files) }
    let lines = manifest.files.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }
    let names = manifest.locales.map { ["locales \($0.joined(separator: ","))\n"] } ?? []
    fingerprint = Checksum.sha256(of: Data((lines + names).joined().utf8))
    locales = manifest.localeNames
    itemIDs = try ItemCatalog(path: path(Self.itemsFileName), count: manifest.items)
    candidates = try CandidateTable(path: path(CandidateTable.fileName), manifest)
    var tables: [DatasetSplit: SessionTable] = [:]
    for split in DatasetSplit.allCases {
      guard let expected = manifest.splits[split.rawValue] else { continue }
      tables[split] = try SessionTable(path: path(split.fileName), expected: expected, manifest)
    }
    self.tables = tables
  }

  /// The sessions of a split, nil where the data set has none.
  public func split(_ split: DatasetSplit) -> SessionTable? { tables[split] }

  private static func readManifest(folder: String) throws -> DatasetManifest {
    let path = joined(folder, DatasetManifest.fileName)
    guard !folder.isEmpty, FileManager.default.fileExists(atPath: path) else {
      if !folder.isEmpty, FileManager.default.fileExists(atPath: folder), access(folder, R_OK | X_OK) != 0 {
        throw SessionsError.unreadable(path: folder, reason: String(cString: strerror(errno)))
      }
      let isThere = !folder.isEmpty && FileManager.default.fileExists(atPath: folder)
      throw SessionsError.notADataset(path: folder.isEmpty ? "''" : folder, isThere: isThere)
    }
    let data = try MappedFile(path: path).withUnsafeBytes { Data($0) }
    struct Version: Decodable { var formatVersion: Int }
    guard let version = try? JSONDecoder().decode(Version.self, from: data) else {
      throw SessionsError.malformedDataset(path: path, reason: "it names no format version")
    }
    guard (DatasetVersion1.number...DatasetManifest.currentVersion).contains(version.formatVersion) else {
      throw SessionsError.malformedDataset(
        path: path,
        reason: "format version \(version.formatVersion) is none from 1 to \(DatasetManifest.currentVersion)")
    }
    guard let manifest = try? JSONDecoder().decode(DatasetManifest.self, from: data) else {
      throw SessionsError.malformedDataset(
        path: path, reason: "it lacks what format version \(version.formatVersion) has")
    }
    guard manifest.locales.map({ LocaleNames(checking: $0) != nil && !manifest.isVersion1 }) ?? true else {
      throw SessionsError.malformedDataset(path: path, reason: "a locale's name is none, or is there twice")
    }
    guard manifest.items >= 1, manifest.items < Int(Int32.max), manifest.options.maxLength >= 1,
      manifest.splits.values.allSatisfy({ $0.sessions >= 0 && $0.clicks >= 0 })
    else {
      throw SessionsError.malformedDataset(path: path, reason: "a number in it makes no sense")
    }
    let splits = DatasetSplit.allCases.filter { manifest.splits[$0.rawValue] != nil }
    for name in [itemsFileName, CandidateTable.fileName] + splits.map(\.fileName) where manifest.files[name] == nil {
      throw SessionsError.malformedDataset(path: path, reason: "it lists no SHA-256 of \(name)")
    }
    let known = [itemsFileName, CandidateTable.fileName] + DatasetSplit.allCases.map(\.fileName)
    if let stray = manifest.files.keys.filter({ !known.contains($0) }).min() {
      throw SessionsError.malformedDataset(
        path: path, reason: "it names a file that no data set has, \(printable(stray))")
    }
    return manifest
  }
}
