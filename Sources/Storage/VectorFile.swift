import Foundation

/// A file of float32 vectors for other programs, a row each: `.npy`, NumPy's own format, or `.safetensors`.
public struct VectorFile {
  private enum Format { case numpy, safetensors }

  /// Where the file is written; its ending chooses the format.
  public let path: String
  private let format: Format

  /// - Throws: `StorageError.unknownVectorFormat`.
  public init(path: String) throws(StorageError) {
    self.path = path
    switch fileExtension(of: path) {
    case "npy": format = .numpy
    case "safetensors": format = .safetensors
    default: throw .unknownVectorFormat(path: path)
    }
  }

  /// Writes `[rows, columns]`; the file appears whole or not at all.
  /// - Parameters:
  ///   - name: of the tensor; `.npy` has none.
  ///   - pieces: hands all rows to its argument, in order, some at a time.
  /// - Throws: `StorageError`.
  public func write(
    _ name: String, rows: Int, columns: Int,
    pieces: @escaping (_ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws {
    let vectors = SafetensorsTensor(name: name, dtype: .f32, shape: [rows, columns], pieces: pieces)
    switch format {
    case .safetensors: try SafetensorsWriter.write(atomically: path, tensors: [vectors])
    case .numpy:
      let file = try AtomicFile(path: path)
      try Self.numpyHeader(rows: rows, columns: columns).withUnsafeBytes { try file.write($0) }
      try vectors.withBytes { try file.write($0) }
      try file.commit()
    }
  }

  /// Version 1.0 of the format of numpy.lib.format: a magic word, the header's length, the header of a Python literal,
  /// filled up so that the data begin at a multiple of 64 bytes.
  static func numpyHeader(rows: Int, columns: Int) -> [UInt8] {
    var literal = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(rows), \(columns)), }"
    let magic: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
    literal += String(repeating: " ", count: 63 - (magic.count + 2 + literal.utf8.count) % 64) + "\n"
    return magic + withUnsafeBytes(of: UInt16(literal.utf8.count).littleEndian) { Array($0) } + Array(literal.utf8)
  }
}
