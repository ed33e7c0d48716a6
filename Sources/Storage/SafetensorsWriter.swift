import Foundation

/// A tensor to be written: its bytes stay where they are until the writer asks for them.
public struct SafetensorsTensor {
  /// What the tensor is called in the file, which has no other of that name.
  public let name: String
  /// What its elements are.
  public let dtype: SafetensorsDtype
  /// Its sizes, the outermost first; empty for a scalar.
  public let shape: [Int]
  let withBytes: (_ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Void

  /// A tensor in memory that the caller keeps alive until it is written.
  public init(name: String, dtype: SafetensorsDtype, shape: [Int], bytes: UnsafeRawBufferPointer) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
    withBytes = { try $0(bytes) }
    let bits = shape.reduce(dtype.bits, *)
    precondition(bytes.count * 8 == bits, "\(name): \(bytes.count) bytes for \(dtype.rawValue) of shape \(shape)")
  }

  /// A tensor whose bytes come into being as they are written.
  /// - Parameter pieces: hands all of the bytes to its argument, in order, some at a time.
  public init(
    name: String, dtype: SafetensorsDtype, shape: [Int],
    pieces: @escaping (_ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
    let expected = shape.reduce(dtype.bits, *) / 8
    withBytes = { body in
      var count = 0
      try pieces {
        count += $0.count
        try body($0)
      }
      precondition(count == expected, "\(name): \(count) bytes for \(dtype.rawValue) of shape \(shape)")
    }
  }

  /// A tensor in an array. It shares the array's memory.
  public init<Element: SafetensorsElement>(name: String, shape: [Int]? = nil, array: [Element]) {
    let shape = shape ?? [array.count]
    precondition(shape.reduce(1, *) == array.count, "\(name): \(array.count) elements for shape \(shape)")
    self.name = name
    self.dtype = Element.dtype
    self.shape = shape
    withBytes = { try array.withUnsafeBytes($0) }
  }
}

/// Writes safetensors files byte for byte as the reference implementation orders them: wide types first,
/// then by name; the header padded with spaces to a multiple of 8 bytes.
public enum SafetensorsWriter {
  /// Bytes that are hashed and written at a time: few enough to be in cache for the second use.
  private static let pieceSize = 1 << 20

  /// Writes the file and waits until it is on the disk. Writing is not atomic by itself: write inside
  /// a `FolderTransaction`.
  /// - Returns: the file's SHA-256, as 64 hexadecimal digits.
  @discardableResult
  public static func write(
    to path: String, metadata: [String: String] = [:], tensors: [SafetensorsTensor]
  ) throws -> String {
    let file = try OutputFile(path: path)
    let checksum = try write(metadata: metadata, tensors: tensors) { try file.write($0) }
    try file.syncAndClose()
    return checksum
  }

  /// Writes a file that stands by itself: it appears whole, or not at all.
  package static func write(
    atomically path: String, metadata: [String: String] = [:], tensors: [SafetensorsTensor]
  ) throws {
    let file = try AtomicFile(path: path)
    try write(metadata: metadata, tensors: tensors) { try file.write($0) }
    try file.commit()
  }

  @discardableResult
  private static func write(
    metadata: [String: String], tensors: [SafetensorsTensor], to output: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> String {
    let sorted = tensors.sorted { ($1.dtype.rank, $0.name) < ($0.dtype.rank, $1.name) }
    let hash = SHA256()
    func append(_ bytes: UnsafeRawBufferPointer) throws {
      for start in stride(from: 0, to: bytes.count, by: pieceSize) {
        let end = min(start + pieceSize, bytes.count)
        let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
        hash.update(piece)
        try output(piece)
      }
    }
    try header(metadata: metadata, tensors: sorted).withUnsafeBytes(append)
    for tensor in sorted { try tensor.withBytes(append) }
    return hash.finalize()
  }

  /// The 8 bytes of length and the padded JSON.
  private static func header(metadata: [String: String], tensors: [SafetensorsTensor]) -> [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for tensor in tensors {
      let end = offset + tensor.shape.reduce(tensor.dtype.bits, *) / 8
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(quoted(tensor.name)):{\"dtype\":\"\(tensor.dtype.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var json = Array("{\(members.joined(separator: ","))}".utf8)
    while json.count % 8 != 0 { json.append(UInt8(ascii: " ")) }
    return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) } + json
  }

  /// A JSON string.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{8}": result += "\\b"
      case "\u{c}": result += "\\f"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
