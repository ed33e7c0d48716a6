import COpenSSL

/// SHA-256 (FIPS 180-4) of bytes that come piece by piece. OpenSSL computes it, with the CPU's own instructions where
/// there are any.
final class SHA256 {
  private let context: OpaquePointer

  init() {
    guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
      preconditionFailure("libcrypto has no SHA-256")
    }
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  func update(_ bytes: UnsafeRawBufferPointer) {
    let status = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    precondition(status == 1, "libcrypto took no bytes")
  }

  /// The digest of all bytes, as 64 hexadecimal digits. Nothing can be added afterwards.
  func finalize() -> String {
    hexadecimal(
      [UInt8](unsafeUninitializedCapacity: 32) { digest, count in
        let status = EVP_DigestFinal_ex(context, digest.baseAddress, nil)
        precondition(status == 1, "libcrypto gave no digest")
        count = 32
      })
  }
}
