#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Ends the process with one line: what a forecast did not foresee, such as a limit of the batch system's, is the
/// world's fault and no trap. Nothing can be saved without memory; checkpoints that are there are whole.
package func endForWantOfMemory(bytes: Int) -> Never {
  StandardError.print(
    "caravan: there is no memory for \(bytes) bytes more: use more nodes or fewer ranks a node, a smaller --batch-size, "
      + "or smaller sizes\n")
  // No cleaning up at the exit: it may need memory, and other ranks.
  _exit(1)
}
