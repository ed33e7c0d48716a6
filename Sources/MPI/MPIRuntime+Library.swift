import CMPI

extension MPIRuntime {
  /// The MPI library that is loaded, such as `Open MPI v4.1.4`. Also before MPI starts, and where it never does.
  public static var libraryVersion: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(cmpi_library_version_capacity)) { text in
      text.initialize(repeating: 0)
      guard let base = text.baseAddress, cmpi_library_version(base) == 0 else { return "unknown MPI" }
      // Open MPI goes on with who built it and when, after a comma; MPICH on further lines.
      return String(String(cString: base).prefix { $0 != "," && !$0.isNewline })
    }
  }
}
