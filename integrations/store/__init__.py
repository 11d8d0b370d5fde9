"""Where everything is kept: SQLAlchemy tables, repositories, the unit of work, migrations."""
