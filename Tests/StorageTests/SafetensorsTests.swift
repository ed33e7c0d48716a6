import Foundation
import Storage
import TestSupport
import Testing

@Suite struct SafetensorsTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  /// A file with this header, and bytes of tensors behind it.
  private func file(header: String, data: Int = 0, claiming length: UInt64? = nil) throws -> String {
    var bytes = withUnsafeBytes(of: (length ?? UInt64(header.utf8.count)).littleEndian) { Array($0) }
    bytes += header.utf8
    bytes += [UInt8](repeating: 7, count: data)
    return try folder.write(bytes, as: "malformed.safetensors")
  }

  private func defect(header: String, data: Int = 0, claiming length: UInt64? = nil) throws -> SafetensorsDefect? {
    let path = try file(header: header, data: data, claiming: length)
    do throws(StorageError) {
      _ = try SafetensorsFile(path: path)
      return nil
    } catch {
      guard case .malformedTensors(_, let defect) = error else { throw error }
      return defect
    }
  }

  @Test func writtenTensorsComeBack() throws {
    let path = folder.file("a.safetensors")
    let rows: [Int32] = [1, -2, 3, 4, 5, Int32.min]
    let sha = try SafetensorsWriter.write(
      to: path, metadata: ["step": "12", "note": "a \"b\" \\ \n é"],
      tensors: [
        SafetensorsTensor(name: "rows", shape: [2, 3], array: rows),
        SafetensorsTensor(name: "scale", shape: [], array: [Float(0.5)]),
        SafetensorsTensor(name: "none", shape: [0, 4], array: [Float]()),
        SafetensorsTensor(name: "code", array: [UInt8](0..<5)),
        SafetensorsTensor(name: "offsets", array: [Int64(1) << 40]),
      ])
    let file = try SafetensorsFile(path: path)
    #expect(file.metadata == ["step": "12", "note": "a \"b\" \\ \n é"])
    #expect(try Array(file.array("rows", as: Int32.self, shape: [2, 3])) == rows)
    #expect(try Array(file.array("scale", as: Float.self, shape: [])) == [0.5])
    #expect(try file.array("none", as: Float.self, shape: [0, 4]).isEmpty)
    #expect(try Array(file.array("code", as: UInt8.self)) == [0, 1, 2, 3, 4])
    #expect(try Array(file.array("offsets", as: Int64.self)) == [1 << 40])
    #expect(try Checksum.sha256(ofFile: path) == sha)
  }

  @Test func bytesAreThoseOfTheFormat() throws {
    let path = folder.file("b.safetensors")
    try SafetensorsWriter.write(
      to: path,
      tensors: [
        SafetensorsTensor(name: "b", array: [UInt8(9)]),
        SafetensorsTensor(name: "z", array: [Float(1)]),
        SafetensorsTensor(name: "a", array: [Float(2)]),
        SafetensorsTensor(name: "w", array: [Int64(3)]),
      ])
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let header = """
      {"w":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},\
      "z":{"dtype":"F32","shape":[1],"data_offsets":[12,16]},"b":{"dtype":"U8","shape":[1],"data_offsets":[16,17]}}
      """
    let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    #expect(UInt64(bytes[0]) | UInt64(bytes[1]) << 8 == UInt64(padded.utf8.count))
    #expect(String(decoding: bytes[8..<8 + padded.utf8.count], as: UTF8.self) == padded)
    #expect(
      Array(bytes[(8 + padded.utf8.count)...])
        == [3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0x80, 0x3f, 9])
    #expect(try SafetensorsFile(path: path).names == ["w", "a", "z", "b"])
  }

  @Test func unalignedTensorsAreRead() throws {
    // One byte, then an Int32 at an odd place: allowed by the format, though our writer avoids it.
    let header = """
      {"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"y":{"dtype":"I32","shape":[1],"data_offsets":[1,5]}}
      """
    let file = try SafetensorsFile(path: try file(header: header, data: 5))
    #expect(try Array(file.array("y", as: Int32.self)) == [0x0707_0707])
  }

  @Test func malformedFilesAreToldApart() throws {
    let short = try folder.write([1, 2, 3], as: "short.safetensors")
    #expect(throws: StorageError.malformedTensors(path: short, defect: .headerTooSmall)) {
      try SafetensorsFile(path: short)
    }
    #expect(try defect(header: "{}", claiming: 100_000_001) == .headerTooLarge(100_000_001))
    #expect(try defect(header: "{}", claiming: 3) == .badHeaderLength(3))
    #expect(try defect(header: "{}   ") == nil)
    #expect(try defect(header: " {}") == .badJSON(reason: "no object", offset: 0))
    #expect(try defect(header: "{} x") == .badJSON(reason: "text after the object", offset: 3))
    #expect(try defect(header: "{\"a\":1}") != nil)
    #expect(try defect(header: "{\"__metadata__\":{\"a\":1}}") != nil)
    let f = "\"dtype\":\"F32\",\"shape\":[1]"
    #expect(try defect(header: "{\"a\":{\(f),\"data_offsets\":[0,4]}}", data: 4) == nil)
    #expect(
      try defect(
        header: "{\"a\":{\(f),\"data_offsets\":[0,4]},\"a\":{\(f),\"data_offsets\":[4,8]}}", data: 8)
        == .duplicateName("a"))
    #expect(
      try defect(header: "{\"a\":{\(f),\"data_offsets\":[4,8]}}", data: 8) == .invalidOffset(name: "a"))  // hole
    #expect(
      try defect(
        header: "{\"a\":{\(f),\"data_offsets\":[0,4]},\"b\":{\(f),\"data_offsets\":[2,6]}}", data: 6)
        == .invalidOffset(name: "b"))
    #expect(
      try defect(header: "{\"a\":{\(f),\"data_offsets\":[0,8]}}", data: 8)
        == .sizeDiffers(name: "a", expected: 4, found: 8))
    #expect(
      try defect(header: "{\"a\":{\(f),\"data_offsets\":[0,4]}}", data: 3)
        == .incompleteBuffer(expected: 4, found: 3))
    #expect(
      try defect(header: "{\"a\":{\(f),\"data_offsets\":[0,4]}}", data: 5)
        == .incompleteBuffer(expected: 4, found: 5))
    #expect(
      try defect(header: "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}")
        == .shapeOverflow(name: "a"))
    #expect(
      try defect(header: "{\"a\":{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}}", data: 4)
        == .unknownDtype(name: "a", dtype: "F31"))
    let notText = try folder.write([2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff], as: "text.safetensors")
    #expect(throws: StorageError.malformedTensors(path: notText, defect: .headerNotUTF8)) {
      try SafetensorsFile(path: notText)
    }
  }

  /// Numbers near the ends of 64 bits, in every place of the header, for elements of every width.
  @Test func noHeaderOverflows() throws {
    let numbers = [
      "0", "1", "9223372036854775807", "2305843009213693951", "1152921504606846976", "18446744073709551616",
    ]
    for dtype in SafetensorsDtype.allCases {
      for shape in numbers + ["9223372036854775807,0", "0,9223372036854775807", "4294967296,4294967296"] {
        let offsets = [("0", "8"), ("8", "0"), ("0", "9223372036854775807")] + numbers.map({ ($0, $0) })
        for (begin, end) in offsets {
          let header =
            "{\"a\":{\"dtype\":\"\(dtype.rawValue)\",\"shape\":[\(shape)],\"data_offsets\":[\(begin),\(end)]}}"
          let path = try file(header: header, data: 8)
          guard let read = try? SafetensorsFile(path: path) else { continue }
          #expect(try read.tensor("a").bytes.count == 8, "\(header)")
        }
      }
    }
  }

  /// A few changes to the bytes of a file: whatever comes of it, it is read or refused in one line.
  @Test func damagedFilesAreRefusedOrRead() throws {
    let path = folder.file("whole.safetensors")
    try SafetensorsWriter.write(
      to: path, metadata: ["format": "caravan"],
      tensors: [
        SafetensorsTensor(name: "offsets", array: (0..<9).map { Int64($0) }),
        SafetensorsTensor(name: "weights", shape: [2, 4], array: (0..<8).map { Float($0) }),
      ])
    let whole = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
    var read = 0
    for seed in 0..<600 {
      var damage = Damage(seed: UInt64(seed))
      let damaged = try folder.write(damage.applied(to: whole), as: "damaged.safetensors")
      do {
        let file = try SafetensorsFile(path: damaged)
        read += 1
        for name in file.names { _ = try? file.array(name, as: Float.self).reduce(0, +) }
      } catch {
        let line = "\(error)"
        #expect(line.count < 300 + damaged.count && !line.contains { $0.isNewline }, "\(seed): \(line)")
      }
    }
    #expect((10..<550).contains(read), "\(read) of 600 were read")
  }

  @Test func wrongRequestsAreToldApart() throws {
    let path = folder.file("c.safetensors")
    try SafetensorsWriter.write(to: path, tensors: [SafetensorsTensor(name: "a", array: [Float(1), 2])])
    let file = try SafetensorsFile(path: path)
    #expect(throws: StorageError.noSuchTensor(path: path, name: "b")) { try file.tensor("b") }
    #expect(throws: StorageError.dtypeDiffers(path: path, name: "a", expected: "I32", found: "F32")) {
      try file.array("a", as: Int32.self)
    }
    #expect(throws: StorageError.shapeDiffers(path: path, name: "a", expected: [1, 2], found: [2])) {
      try file.array("a", as: Float.self, shape: [1, 2])
    }
    #expect(throws: StorageError.missingFile(path: folder.file("d"))) {
      try SafetensorsFile(path: folder.file("d"))
    }
  }

  @Test func arraysOutliveTheirFile() throws {
    let path = folder.file("e.safetensors")
    let numbers = (0..<100_000).map(Int32.init)
    try SafetensorsWriter.write(to: path, tensors: [SafetensorsTensor(name: "a", array: numbers)])
    let array = try SafetensorsFile(path: path).array("a", as: Int32.self)
    try FileManager.default.removeItem(atPath: path)
    #expect(array.elementsEqual(numbers))
    #expect(Array(array[10..<13]) == [10, 11, 12])
  }
}
