import Foundation

/// A message in the wire format of Protocol Buffers, as far as TensorBoard's events and ONNX need it: fields stand in the
/// order in which they are added, and nothing is read.
package struct ProtobufMessage {
  package private(set) var bytes = Data()

  package init() {}

  /// Adds a whole number; negative ones have ten bytes.
  package mutating func add(_ field: UInt64, _ value: Int) {
    append(varint: field << 3)
    append(varint: UInt64(bitPattern: Int64(value)))
  }

  package mutating func add(_ field: UInt64, _ value: Double) {
    append(varint: field << 3 | 1)
    bytes.append(littleEndian: value.bitPattern)
  }

  package mutating func add(_ field: UInt64, _ value: Float) {
    append(varint: field << 3 | 5)
    bytes.append(littleEndian: value.bitPattern)
  }

  package mutating func add(_ field: UInt64, _ value: String) { add(field, Data(value.utf8)) }

  package mutating func add(_ field: UInt64, _ value: ProtobufMessage) { add(field, value.bytes) }

  package mutating func add(_ field: UInt64, _ value: Data) {
    append(varint: field << 3 | 2)
    append(varint: UInt64(value.count))
    bytes.append(value)
  }

  private mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

extension Data {
  package mutating func append(littleEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }
}
