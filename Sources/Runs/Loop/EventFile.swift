import Foundation
import MPI
import Storage

/// A TensorBoard event file of scalars.
///
/// Format: TFRecord frames around `Event` messages (tensorboard's record_writer.py, event.proto and
/// summary.proto); checked against records that TensorBoard itself reads.
package final class EventFile {
  private let handle: FileHandle

  /// Starts a new file in `folder`, named so that TensorBoard finds it.
  init(folder: String) throws {
    let now = Date().timeIntervalSince1970
    let seconds = String(Int(now))
    let stamp = String(repeating: "0", count: max(0, 10 - seconds.count)) + seconds
    let host = MPIRuntime.hostname, process = ProcessInfo.processInfo.processIdentifier
    let name = "events.out.tfevents.\(stamp).\(host).\(process).0"
    let path = joined(folder, name)
    guard FileManager.default.createFile(atPath: path, contents: Self.versionRecord(time: now)),
      let handle = FileHandle(forWritingAtPath: path)
    else { throw StorageError.cannotWrite(path: path, reason: "it cannot be made") }
    self.handle = handle
    try handle.seekToEnd()
  }

  /// Adds one point of a curve.
  func append(step: Int, tag: String, value: Double) throws {
    let time = Date().timeIntervalSince1970
    try handle.write(contentsOf: Self.scalarRecord(time: time, step: step, tag: tag, value: Float(value)))
  }

  /// The record that opens a file.
  package static func versionRecord(time: Double) -> Data {
    var event = Data()
    event.appendField(1, double: time)
    event.appendField(3, bytes: Data("brain.Event:2".utf8))
    return frame(event)
  }

  package static func scalarRecord(time: Double, step: Int, tag: String, value: Float) -> Data {
    var point = Data()
    point.appendField(1, bytes: Data(tag.utf8))
    point.appendField(2, float: value)
    var summary = Data()
    summary.appendField(1, bytes: point)
    var event = Data()
    event.appendField(1, double: time)
    event.appendField(2, varint: UInt64(step))
    event.appendField(5, bytes: summary)
    return frame(event)
  }

  /// Length, its checksum, the data, their checksum.
  private static func frame(_ data: Data) -> Data {
    var length = Data()
    length.append(littleEndian: UInt64(data.count))
    var record = length
    record.append(littleEndian: masked(length))
    record.append(data)
    record.append(littleEndian: masked(data))
    return record
  }

  /// TFRecord's rotated CRC.
  private static func masked(_ data: Data) -> UInt32 {
    let crc = crc32c(data)
    return ((crc >> 15) | (crc << 17)) &+ 0xa282_ead8
  }

  /// CRC-32C (Castagnoli), bit by bit: records are a few dozen bytes.
  package static func crc32c(_ data: Data) -> UInt32 {
    var crc = ~UInt32(0)
    for byte in data {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0x82f6_3b78 : crc >> 1 }
    }
    return ~crc
  }
}

// Protocol Buffers' wire format, as far as events need it.
extension Data {
  fileprivate mutating func append(littleEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  private mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }

  fileprivate mutating func appendField(_ number: UInt64, varint value: UInt64) {
    append(varint: number << 3)
    append(varint: value)
  }

  fileprivate mutating func appendField(_ number: UInt64, double value: Double) {
    append(varint: number << 3 | 1)
    append(littleEndian: value.bitPattern)
  }

  fileprivate mutating func appendField(_ number: UInt64, bytes value: Data) {
    append(varint: number << 3 | 2)
    append(varint: UInt64(value.count))
    append(value)
  }

  fileprivate mutating func appendField(_ number: UInt64, float value: Float) {
    append(varint: number << 3 | 5)
    append(littleEndian: value.bitPattern)
  }
}
