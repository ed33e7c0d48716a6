import Foundation
import Storage
import Testing

@Suite struct ChecksumTests {
  /// FIPS 180-4's own examples, one block and two, and the digest of nothing.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ]) func standardExamples(text: String, digest: String) {
    #expect(Checksum.sha256(of: Data(text.utf8)) == digest)
  }

  @Test func aFileHasTheDigestOfItsBytes() throws {
    let folder = try TemporaryFolder()
    let bytes = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    try bytes.write(to: URL(fileURLWithPath: folder.file("bytes")))
    #expect(try Checksum.sha256(ofFile: folder.file("bytes")) == Checksum.sha256(of: bytes))
  }
}
