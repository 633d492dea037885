from policylang.cli.main import main

main()
