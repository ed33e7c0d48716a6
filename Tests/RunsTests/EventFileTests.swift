import Foundation
import Runs
import Testing

@Suite struct EventFileTests {
  /// The check value of CRC-32C.
  @Test func checksum() { #expect(EventFile.crc32c(Data("123456789".utf8)) == 0xe306_9283) }

  /// Records made by the rules of TensorBoard's record_writer.py and event.proto.
  @Test func records() {
    #expect(
      hexadecimal(EventFile.versionRecord(time: 1))
        == "1800000000000000a37f4b2209000000000000f03f1a0d627261696e2e4576656e743a3286bf577a")
    #expect(
      hexadecimal(EventFile.scalarRecord(time: 2, step: 300, tag: "loss", value: 0.5))
        == "1b000000000000001a0d9e1309000000000000004010ac022a0d0a0b0a046c6f7373150000003fdfc52b60")
  }

  private func hexadecimal(_ data: Data) -> String { data.map { String(format: "%02x", $0) }.joined() }
}
