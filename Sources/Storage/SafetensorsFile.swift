/// A safetensors file, mapped: names, shapes and the tensors' bytes where they lie.
///
/// Everything that the format demands is checked on opening: a header of at most 100,000,000 bytes, names
/// without duplicates, tensors contiguous from 0 whose sizes agree with their shapes, and a file that ends
/// where the last tensor ends.
/// - Source: the format's description in huggingface/safetensors.
public struct SafetensorsFile: Sendable {
  /// The most bytes that the format allows a header.
  public static let headerLimit: UInt64 = 100_000_000

  /// One tensor, where it lies in the mapped file.
  public struct Entry: @unchecked Sendable {
    /// What the elements are.
    public let dtype: SafetensorsDtype
    /// Its sizes, the outermost first; empty for a scalar.
    public let shape: [Int]
    /// C order, little-endian. Valid while the `SafetensorsFile` or this entry is held.
    public let bytes: UnsafeRawBufferPointer
    fileprivate let file: MappedFile

    /// The tensor's bytes. The pointer must not leave the closure.
    public func withUnsafeBytes<Result, Failure: Error>(
      _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
      defer { withExtendedLifetime(file) {} }
      return try body(bytes)
    }
  }

  /// The path that the file was opened by.
  public let path: String
  /// What the header has under `__metadata__`; empty where it has none.
  public let metadata: [String: String]
  /// The tensors' names in the order of their bytes.
  public let names: [String]
  private let entries: [String: Entry]

  /// Maps a file and checks its header; the tensors' bytes are not read.
  /// - Throws: `.missingFile`, `.cannotRead`, or `.malformedTensors` with the defect.
  public init(path: String) throws(StorageError) {
    let file = try MappedFile(path: path)
    do throws(SafetensorsDefect) {
      let (header, dataStart) = try file.withUnsafeBytes(Self.parseHeader)
      let sorted = try Self.sortedAndChecked(header.entries, dataSize: file.bytes.count - dataStart)
      let data = UnsafeRawBufferPointer(rebasing: file.bytes[dataStart...])
      names = sorted.map(\.name)
      entries = Dictionary(
        uniqueKeysWithValues: sorted.map { entry in
          let bytes = UnsafeRawBufferPointer(rebasing: data[entry.begin..<entry.end])
          return (entry.name, Entry(dtype: entry.dtype, shape: entry.shape, bytes: bytes, file: file))
        })
      metadata = header.metadata
    } catch {
      throw .malformedTensors(path: path, defect: error)
    }
    self.path = path
  }

  /// - Throws: `.noSuchTensor`.
  public func tensor(_ name: String) throws(StorageError) -> Entry {
    guard let entry = entries[name] else { throw .noSuchTensor(path: path, name: name) }
    return entry
  }

  /// A tensor's elements, without a copy where the file's alignment allows it.
  /// - Parameter shape: what the tensor must have; nil takes any.
  /// - Throws: `.noSuchTensor`, `.dtypeDiffers`, `.shapeDiffers`.
  public func array<Element: SafetensorsElement>(
    _ name: String, as type: Element.Type, shape: [Int]? = nil
  ) throws(StorageError) -> MappedArray<Element> {
    let entry = try tensor(name)
    if entry.dtype != Element.dtype {
      throw .dtypeDiffers(
        path: path, name: name, expected: Element.dtype.rawValue, found: entry.dtype.rawValue)
    }
    if let shape, shape != entry.shape {
      throw .shapeDiffers(path: path, name: name, expected: shape, found: entry.shape)
    }
    return MappedArray(bytes: entry.bytes, of: entry.file)
  }

  private static func parseHeader(
    _ bytes: UnsafeRawBufferPointer
  ) throws(SafetensorsDefect) -> (SafetensorsHeaderParser, dataStart: Int) {
    if bytes.count < 8 { throw .headerTooSmall }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    if length > headerLimit { throw .headerTooLarge(length) }
    let dataStart = 8 + Int(length)
    if dataStart > bytes.count { throw .badHeaderLength(length) }
    let text = Array(bytes[8..<dataStart])
    if String(validating: text, as: UTF8.self) == nil { throw .headerNotUTF8 }
    return (try SafetensorsHeaderParser(parsing: text), dataStart)
  }

  private static func sortedAndChecked(
    _ entries: [SafetensorsHeaderEntry], dataSize: Int
  ) throws(SafetensorsDefect) -> [SafetensorsHeaderEntry] {
    let sorted = entries.sorted { ($0.begin, $0.end, $0.name) < ($1.begin, $1.end, $1.name) }
    var end = 0
    for entry in sorted {
      if entry.begin != end || entry.end < entry.begin { throw .invalidOffset(name: entry.name) }
      end = entry.end
      let size = try byteCount(of: entry)
      if size != entry.end - entry.begin {
        throw .sizeDiffers(name: entry.name, expected: size, found: entry.end - entry.begin)
      }
    }
    if end != dataSize { throw .incompleteBuffer(expected: end, found: dataSize) }
    return sorted
  }

  private static func byteCount(of entry: SafetensorsHeaderEntry) throws(SafetensorsDefect) -> Int {
    var bits = entry.dtype.bits
    for side in entry.shape {
      let (product, overflows) = bits.multipliedReportingOverflow(by: side)
      if overflows { throw .shapeOverflow(name: entry.name) }
      bits = product
    }
    return bits / 8 + (bits % 8 == 0 ? 0 : 1)
  }
}
