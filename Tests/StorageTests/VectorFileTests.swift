import Foundation
import Storage
import Testing

@Suite struct VectorFileTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  /// The data begin at a multiple of 64 bytes, whatever the shape; the header is a Python literal and a line's end.
  @Test(arguments: [(1, 1), (3, 2), (65_219, 64), (1_234_567, 128)]) func numpyFiles(rows: Int, columns: Int) throws {
    let path = folder.file("v.npy"), row = [Float](repeating: 1.5, count: columns)
    try VectorFile(path: path).write("vectors", rows: rows, columns: columns) { body in
      for _ in 0..<rows { try row.withUnsafeBytes(body) }
    }
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    let length = Int(bytes[8]) + 256 * Int(bytes[9])
    #expect(bytes.prefix(8) == Data([0x93] + Array("NUMPY".utf8) + [1, 0]))
    #expect((10 + length) % 64 == 0 && bytes.count == 10 + length + 4 * rows * columns)
    let header = String(decoding: bytes[10..<10 + length], as: UTF8.self)
    #expect(header.hasPrefix("{'descr': '<f4', 'fortran_order': False, 'shape': (\(rows), \(columns)), }"))
    #expect(header.hasSuffix("\n"))
  }

  @Test func safetensorsFilesAndOthers() throws {
    let path = folder.file("v.safetensors"), numbers: [Float] = [1, 2, 3, 4]
    try VectorFile(path: path).write("vectors", rows: 2, columns: 2) { body in try numbers.withUnsafeBytes(body) }
    #expect(try Array(SafetensorsFile(path: path).array("vectors", as: Float.self, shape: [2, 2])) == numbers)
    #expect(throws: StorageError.unknownVectorFormat(path: "v.csv")) { try VectorFile(path: "v.csv") }
  }
}
