"""What the tests are made of: servers, people, and networks that do what networks do."""
