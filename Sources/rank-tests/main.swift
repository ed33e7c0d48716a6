print("rank-tests")
