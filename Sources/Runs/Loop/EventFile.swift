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
    var event = ProtobufMessage()
    event.add(1, time)
    event.add(3, "brain.Event:2")
    return frame(event.bytes)
  }

  package static func scalarRecord(time: Double, step: Int, tag: String, value: Float) -> Data {
    var point = ProtobufMessage()
    point.add(1, tag)
    point.add(2, value)
    var summary = ProtobufMessage()
    summary.add(1, point)
    var event = ProtobufMessage()
    event.add(1, time)
    event.add(2, step)
    event.add(5, summary)
    return frame(event.bytes)
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
